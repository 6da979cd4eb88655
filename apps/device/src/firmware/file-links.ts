import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { RequestError } from '@voltlog/kernel';

const KEY_BYTES = 32;

/**
 * Signs the addresses under which stations fetch and bring files. An address is all that a station shows, so it names what it is good for.
 * Without a secret key there are none.
 */
export class FileLinks {
  private readonly key: Buffer | undefined;

  constructor(secretKey: Buffer | undefined) {
    this.key = secretKey === undefined ? undefined : Buffer.from(hkdfSync('sha256', secretKey, '', 'voltlog file links', KEY_BYTES));
  }

  /** @param filesUrl where the station reaches the platform @param expires seconds since the Unix epoch */
  firmwareUrl(filesUrl: string, of: FirmwareLink & { readonly fileName: string }): string {
    const parts = [of.imageId, of.stationId, String(of.expires), this.sign(firmwareText(of)), of.fileName];
    return `${filesUrl}/files/firmware/${parts.map(encodeURIComponent).join('/')}`;
  }

  isFirmwareSignature(of: FirmwareLink, signature: string): boolean {
    return this.isSignature(firmwareText(of), signature);
  }

  /** Stations of 1.6 add the name of the file behind it. */
  uploadUrl(filesUrl: string, uploadId: string): string {
    return `${filesUrl}/files/uploads/${encodeURIComponent(uploadId)}/${this.sign(uploadText(uploadId))}`;
  }

  isUploadSignature(uploadId: string, signature: string): boolean {
    return this.isSignature(uploadText(uploadId), signature);
  }

  /** @throws {RequestError} `FAILED_PRECONDITION` when addresses cannot be signed */
  check(): void {
    if (this.key === undefined)
      throw new RequestError('FAILED_PRECONDITION', 'set DEVICE_SECRET_KEY: addresses for stations are signed with it', 'NoSecretKey');
  }

  private sign(text: string): string {
    this.check();
    return createHmac('sha256', this.key ?? '')
      .update(text)
      .digest('base64url');
  }

  private isSignature(text: string, signature: string): boolean {
    const [right, given] = [Buffer.from(this.sign(text)), Buffer.from(signature)];
    return right.length === given.length && timingSafeEqual(right, given);
  }
}

export interface FirmwareLink {
  readonly imageId: string;
  readonly stationId: string;
  readonly expires: number;
}

const firmwareText = ({ imageId, stationId, expires }: FirmwareLink): string => JSON.stringify(['firmware', imageId, stationId, expires]);
const uploadText = (uploadId: string): string => JSON.stringify(['upload', uploadId]);
