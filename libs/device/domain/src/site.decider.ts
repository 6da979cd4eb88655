import type { SiteAttributes, SiteEvent } from '@voltlog/device-contract';
import { assertNever, type Decider, type Decision, decided, isoTime, refused } from '@voltlog/kernel';

export interface NoSite {
  readonly kind: 'none';
}

export interface KnownSite extends SiteAttributes {
  readonly kind: 'site';
  readonly siteId: string;
  readonly retired: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Counts events, from 1. */
  readonly revision: number;
}

export type SiteState = NoSite | KnownSite;

export type SiteCommand =
  | { readonly kind: 'RegisterSite'; readonly siteId: string; readonly attributes: SiteAttributes; readonly now: number }
  | { readonly kind: 'ChangeSite'; readonly changes: Partial<SiteAttributes>; readonly expectedRevision: number; readonly now: number }
  | { readonly kind: 'RetireSite'; readonly now: number };

/** `RevisionMismatch`: somebody changed the site in between. */
export type SiteRefusal = 'SiteExists' | 'SiteUnknown' | 'SiteRetired' | 'RevisionMismatch';

/** A place where stations stand. */
export const siteDecider: Decider<SiteCommand, SiteState, SiteEvent, SiteRefusal> = {
  initialState: { kind: 'none' },
  decide(command, state): Decision<SiteEvent, SiteRefusal> {
    const at = isoTime(command.now);
    if (command.kind === 'RegisterSite') {
      if (state.kind === 'site') return refused(state.retired ? 'SiteRetired' : 'SiteExists');
      return decided<SiteEvent>({ type: 'voltlog.device.SiteRegistered.v1', data: { siteId: command.siteId, ...command.attributes, at } });
    }
    if (state.kind === 'none') return refused('SiteUnknown');
    switch (command.kind) {
      case 'ChangeSite': {
        if (command.expectedRevision !== 0 && command.expectedRevision !== state.revision) return refused('RevisionMismatch');
        if (state.retired) return refused('SiteRetired');
        const before = attributesOf(state);
        const after = { ...before, ...command.changes };
        if (ATTRIBUTES.every((name) => before[name] === after[name])) return decided();
        return decided<SiteEvent>({ type: 'voltlog.device.SiteChanged.v1', data: { siteId: state.siteId, ...after, at } });
      }
      case 'RetireSite':
        return state.retired
          ? decided()
          : decided<SiteEvent>({ type: 'voltlog.device.SiteRetired.v1', data: { siteId: state.siteId, at } });
      default:
        return assertNever(command, 'site command');
    }
  },
  evolve(state, { type, data }) {
    switch (type) {
      case 'voltlog.device.SiteRegistered.v1':
        return {
          kind: 'site',
          siteId: data.siteId,
          ...attributesOf(data),
          retired: false,
          createdAt: data.at,
          updatedAt: data.at,
          revision: 1,
        };
      case 'voltlog.device.SiteChanged.v1':
        return state.kind === 'none' ? state : { ...state, ...attributesOf(data), updatedAt: data.at, revision: state.revision + 1 };
      case 'voltlog.device.SiteRetired.v1':
        return state.kind === 'none' ? state : { ...state, retired: true, updatedAt: data.at, revision: state.revision + 1 };
      default:
        return assertNever(type, 'site event');
    }
  },
};

const ATTRIBUTES = [
  'name',
  'address',
  'city',
  'countryCode',
  'latitude',
  'longitude',
  'timeZone',
] as const satisfies readonly (keyof SiteAttributes)[];

const attributesOf = (from: SiteAttributes): SiteAttributes => ({
  name: from.name,
  address: from.address,
  city: from.city,
  countryCode: from.countryCode,
  latitude: from.latitude,
  longitude: from.longitude,
  timeZone: from.timeZone,
});
