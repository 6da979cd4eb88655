import type { FirmwareImageAttributes, FirmwareImageEvent } from '@voltlog/device-contract';
import { assertNever, type Decider, decided, isoTime, refused } from '@voltlog/kernel';

export interface KnownFirmwareImage extends FirmwareImageAttributes {
  readonly kind: 'image';
  readonly imageId: string;
  /** Base64; empty: it is sent unsigned. */
  readonly signature: string;
  /** PEM */
  readonly signingCertificate: string;
  readonly deleted: boolean;
  readonly createdBy: string;
  readonly createdAt: string;
}

export type FirmwareImageState = { readonly kind: 'none' } | KnownFirmwareImage;

export type FirmwareImageCommand =
  | {
      readonly kind: 'AddImage';
      readonly imageId: string;
      readonly attributes: FirmwareImageAttributes;
      readonly by: string;
      readonly now: number;
    }
  | {
      readonly kind: 'SignImage';
      readonly signature: string;
      readonly signingCertificate: string;
      readonly by: string;
      readonly now: number;
    }
  /** `inUse`: a campaign that has not ended needs it. */
  | { readonly kind: 'DeleteImage'; readonly inUse: boolean; readonly by: string; readonly now: number };

export type FirmwareImageRefusal = 'ImageExists' | 'ImageUnknown' | 'ImageInUse';

/** A firmware image that is kept. Its bytes never change; that it is signed can be said later. */
export const firmwareImageDecider: Decider<FirmwareImageCommand, FirmwareImageState, FirmwareImageEvent, FirmwareImageRefusal> = {
  initialState: { kind: 'none' },
  decide(command, state) {
    const at = isoTime(command.now);
    if (command.kind === 'AddImage') {
      if (state.kind === 'image') return refused('ImageExists');
      const { imageId, attributes, by: createdBy } = command;
      return decided<FirmwareImageEvent>({ type: 'voltlog.device.FirmwareImageAdded.v1', data: { imageId, ...attributes, createdBy, at } });
    }
    if (state.kind === 'none' || (state.deleted && command.kind !== 'DeleteImage')) return refused('ImageUnknown');
    const { imageId } = state;
    switch (command.kind) {
      case 'SignImage': {
        const { signature, signingCertificate, by } = command;
        if (signature === state.signature && signingCertificate === state.signingCertificate) return decided();
        return decided<FirmwareImageEvent>({
          type: 'voltlog.device.FirmwareImageSigned.v1',
          data: { imageId, signature, signingCertificate, by, at },
        });
      }
      case 'DeleteImage':
        if (state.deleted) return decided();
        if (command.inUse) return refused('ImageInUse');
        return decided<FirmwareImageEvent>({ type: 'voltlog.device.FirmwareImageDeleted.v1', data: { imageId, by: command.by, at } });
      default:
        return assertNever(command, 'firmware image command');
    }
  },
  evolve(state, { type, data }) {
    if (type === 'voltlog.device.FirmwareImageAdded.v1') {
      const { at: createdAt, ...image } = data;
      return { kind: 'image', ...image, signature: '', signingCertificate: '', deleted: false, createdAt };
    }
    if (state.kind === 'none') return state;
    switch (type) {
      case 'voltlog.device.FirmwareImageSigned.v1':
        return { ...state, signature: data.signature, signingCertificate: data.signingCertificate };
      case 'voltlog.device.FirmwareImageDeleted.v1':
        return { ...state, deleted: true };
      default:
        return assertNever(type, 'firmware image event');
    }
  },
};
