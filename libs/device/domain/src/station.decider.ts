import type { EvseTopology, StationAttributes, StationBootDecided, StationEvent, StationQuirkChosen } from '@voltlog/device-contract';
import { type Decider, type Decision, decided, isoTime, refused } from '@voltlog/kernel';
import { setByHand } from './offered-credential.js';
import { hasConnector, type KnownStation, type StationIdentity, type StationState, withConnectors } from './station.state.js';
import { decideSecurity, evolveSecurity, NO_SECURITY, type SecurityCommand, type SecurityRefusal } from './station-security.js';

export interface RegisterStation extends StationAttributes {
  readonly kind: 'RegisterStation';
  readonly stationId: string;
  /** Absent: none is set. */
  readonly passwordHash?: string;
  readonly now: number;
}

/** What is absent stays as it is. */
export interface ChangeStation {
  readonly kind: 'ChangeStation';
  readonly siteId?: string;
  readonly name?: string;
  readonly evses?: readonly EvseTopology[];
  readonly tags?: readonly string[];
  /** Out of quarantine. */
  readonly accept: boolean;
  /** With `accept`: a password that counts from then on, and is brought to the station by this change. Absent: none. */
  readonly credential?: { readonly changeId: string; readonly passwordHash: string };
  /** Refused unless the station has this revision; 0: not checked. */
  readonly expectedRevision: number;
  readonly now: number;
}

export type StationCommand =
  | SecurityCommand
  | RegisterStation
  | ChangeStation
  | { readonly kind: 'RetireStation'; readonly now: number }
  | { readonly kind: 'DecideBoot'; readonly boot: Omit<StationBootDecided, 'stationId' | 'at'>; readonly now: number }
  | { readonly kind: 'ChooseQuirk'; readonly quirkId: string; readonly choice: StationQuirkChosen['choice']; readonly now: number }
  /** A station that nobody registered came in. */
  | { readonly kind: 'QuarantineStation'; readonly stationId: string; readonly now: number }
  /** `receivedAt`: ISO 8601, our clock. A boot that is not newer than the one that told what is known says nothing, e.g. one handed over again. */
  | { readonly kind: 'ReportIdentity'; readonly identity: StationIdentity; readonly receivedAt: string }
  | {
      readonly kind: 'ReportConnectors';
      readonly connectors: readonly { readonly evseId: number; readonly connectorId: number }[];
      readonly now: number;
    };

/** `RevisionMismatch`: the station changed in between. */
export type StationRefusal = 'StationExists' | 'StationUnknown' | 'StationRetired' | 'RevisionMismatch' | SecurityRefusal;

/** A charging station as it was registered and as it described itself. */
export const stationDecider: Decider<StationCommand, StationState, StationEvent, StationRefusal> = {
  initialState: { kind: 'none' },
  decide(command, state) {
    if (command.kind === 'RegisterStation') return register(command, state);
    if (command.kind === 'QuarantineStation') {
      if (state.kind === 'station') return decided();
      return decided<StationEvent>({
        type: 'voltlog.device.StationQuarantined.v1',
        data: { stationId: command.stationId, at: isoTime(command.now) },
      });
    }
    if (state.kind === 'none') return refused('StationUnknown');
    const { stationId } = state;
    if (command.kind === 'ReportIdentity') return reportIdentity(command, state);
    const at = isoTime(command.now);
    switch (command.kind) {
      case 'ChangeStation':
        return change(command, state);
      case 'RetireStation':
        return state.lifecycle === 'Retired'
          ? decided()
          : decided<StationEvent>({ type: 'voltlog.device.StationRetired.v1', data: { stationId, at } });
      case 'DecideBoot': {
        if (state.lifecycle === 'Retired') return refused('StationRetired');
        const { boot } = command;
        return state.boot?.status === boot.status && state.boot.intervalSeconds === boot.intervalSeconds
          ? decided()
          : decided<StationEvent>({ type: 'voltlog.device.StationBootDecided.v1', data: { stationId, ...boot, at } });
      }
      case 'ChooseQuirk': {
        if (state.lifecycle === 'Retired') return refused('StationRetired');
        const { quirkId, choice } = command;
        return choiceOf(state, quirkId) === choice
          ? decided()
          : decided<StationEvent>({ type: 'voltlog.device.StationQuirkChosen.v1', data: { stationId, quirkId, choice, at } });
      }
      case 'ReportConnectors': {
        const connectors = command.connectors.filter((each) => !hasConnector(state.evses, each.evseId, each.connectorId));
        return connectors.length === 0
          ? decided()
          : decided<StationEvent>({ type: 'voltlog.device.ConnectorsLearnt.v1', data: { stationId, connectors, at } });
      }
      default:
        return state.lifecycle === 'Retired' ? refused('StationRetired') : decideSecurity(command, stationId, state.security);
    }
  },
  evolve(state, event) {
    const { type, data } = event;
    if (type === 'voltlog.device.StationRegistered.v1') return registered(state, data);
    if (type === 'voltlog.device.StationQuarantined.v1') {
      const attributes = { stationId: data.stationId, siteId: '', name: '', evses: [], at: data.at };
      return { ...registered({ kind: 'none' }, attributes), lifecycle: 'Quarantined' };
    }
    if (state.kind === 'none') return state;
    const next = { ...state, updatedAt: data.at, revision: state.revision + 1 };
    switch (type) {
      case 'voltlog.device.StationChanged.v1':
        return { ...next, siteId: data.siteId, name: data.name, evses: data.evses, tags: data.tags ?? [] };
      case 'voltlog.device.StationAccepted.v1':
        return { ...next, lifecycle: 'Active' };
      case 'voltlog.device.StationRetired.v1':
        return { ...next, lifecycle: 'Retired' };
      case 'voltlog.device.StationCredentialSet.v1':
        return { ...next, passwordHash: data.passwordHash, security: evolveSecurity(state.security, event) };
      case 'voltlog.device.StationBootDecided.v1': {
        const { stationId: _, ...boot } = data;
        return { ...next, boot };
      }
      case 'voltlog.device.StationIdentityReported.v1':
        // A boot is as old as its message, what was decided about the station may be younger.
        return {
          ...next,
          ...identityOf(data),
          identityAt: data.at,
          updatedAt: data.at < state.updatedAt ? state.updatedAt : data.at,
        };
      case 'voltlog.device.StationQuirkChosen.v1':
        return { ...next, quirks: withChoice(state.quirks ?? NO_QUIRKS, data) };
      case 'voltlog.device.ConnectorsLearnt.v1':
        return { ...next, evses: withConnectors(state.evses, data.connectors) };
      default:
        return { ...next, security: evolveSecurity(state.security, event) };
    }
  },
};

const NO_QUIRKS = { on: [], off: [] };

function choiceOf({ quirks = NO_QUIRKS }: KnownStation, quirkId: string): StationQuirkChosen['choice'] {
  if (quirks.on.includes(quirkId)) return 'On';
  return quirks.off.includes(quirkId) ? 'Off' : 'ByMake';
}

function withChoice(quirks: NonNullable<KnownStation['quirks']>, { quirkId, choice }: StationQuirkChosen) {
  const on = quirks.on.filter((id) => id !== quirkId);
  const off = quirks.off.filter((id) => id !== quirkId);
  return { on: choice === 'On' ? [...on, quirkId].sort() : on, off: choice === 'Off' ? [...off, quirkId].sort() : off };
}

/** True when the station says nothing new about itself. */
export const sameIdentity = (a: StationIdentity, b: StationIdentity): boolean =>
  a.vendor === b.vendor &&
  a.model === b.model &&
  a.serialNumber === b.serialNumber &&
  a.firmwareVersion === b.firmwareVersion &&
  a.ocppVersion === b.ocppVersion;

function register(command: RegisterStation, state: StationState): Decision<StationEvent, StationRefusal> {
  if (state.kind === 'station' && state.lifecycle !== 'Quarantined')
    return refused(state.lifecycle === 'Retired' ? 'StationRetired' : 'StationExists');
  const { stationId, siteId, name, passwordHash, tags = [] } = command;
  const at = isoTime(command.now);
  // What a station in quarantine told about itself stays known unless the operator says otherwise.
  const evses = command.evses.length === 0 && state.kind === 'station' ? state.evses : sorted(command.evses);
  const registration: StationEvent = {
    type: 'voltlog.device.StationRegistered.v1',
    data: { stationId, siteId, name, evses, ...tagged(tags), at },
  };
  if (passwordHash === undefined) return decided(registration);
  // One may be on its way to a station in quarantine: it is not locked out by this.
  const offered = state.kind === 'station' ? state.security.offered : null;
  const changeId = `${offered?.changeId ?? ''}:registered`;
  return decided<StationEvent>(registration, ...setByHand({ changeId, passwordHash }, stationId, offered, at));
}

function reportIdentity(
  { identity, receivedAt }: Extract<StationCommand, { kind: 'ReportIdentity' }>,
  state: KnownStation,
): Decision<StationEvent, StationRefusal> {
  if (sameIdentity(state, identity) || receivedAt <= state.identityAt) return decided();
  return decided<StationEvent>({
    type: 'voltlog.device.StationIdentityReported.v1',
    data: { stationId: state.stationId, ...identityOf(identity), at: receivedAt },
  });
}

function change(command: ChangeStation, state: KnownStation): Decision<StationEvent, StationRefusal> {
  if (command.expectedRevision !== 0 && command.expectedRevision !== state.revision) return refused('RevisionMismatch');
  if (state.lifecycle === 'Retired') return refused('StationRetired');
  const { stationId } = state;
  const at = isoTime(command.now);
  const events: StationEvent[] = [];
  const after: StationAttributes = {
    siteId: command.siteId ?? state.siteId,
    name: command.name ?? state.name,
    evses: command.evses === undefined ? state.evses : sorted(command.evses),
    ...tagged(command.tags ?? state.tags ?? []),
  };
  if (after.siteId !== state.siteId || after.name !== state.name || !sameEvses(after.evses, state.evses) || !sameTags(after, state)) {
    events.push({ type: 'voltlog.device.StationChanged.v1', data: { stationId, ...after, at } });
  }
  if (command.accept && state.lifecycle === 'Quarantined') {
    events.push({ type: 'voltlog.device.StationAccepted.v1', data: { stationId, at } });
    if (command.credential !== undefined && state.security.offered !== null) return refused('PasswordChangeUnderWay');
    if (command.credential !== undefined)
      events.push({ type: 'voltlog.device.StationCredentialOffered.v1', data: { stationId, ...command.credential, at } });
  }
  return decided(...events);
}

function registered(before: StationState, data: StationAttributes & { readonly stationId: string; readonly at: string }): KnownStation {
  const known = before.kind === 'station' ? before : undefined;
  return {
    kind: 'station',
    stationId: data.stationId,
    siteId: data.siteId,
    name: data.name,
    evses: data.evses,
    ...(data.tags === undefined ? {} : { tags: data.tags }),
    vendor: known?.vendor ?? '',
    model: known?.model ?? '',
    serialNumber: known?.serialNumber ?? '',
    firmwareVersion: known?.firmwareVersion ?? '',
    ocppVersion: known?.ocppVersion ?? '',
    lifecycle: 'Active',
    passwordHash: known?.passwordHash ?? '',
    identityAt: known?.identityAt ?? '',
    security: known?.security ?? NO_SECURITY,
    ...(known?.quirks === undefined ? {} : { quirks: known.quirks }),
    createdAt: known?.createdAt ?? data.at,
    updatedAt: data.at,
    revision: (known?.revision ?? 0) + 1,
  };
}

const identityOf = (from: StationIdentity): StationIdentity => ({
  vendor: from.vendor,
  model: from.model,
  serialNumber: from.serialNumber,
  firmwareVersion: from.firmwareVersion,
  ocppVersion: from.ocppVersion,
});

/** In order, with the fields of the contract and no others. */
const sorted = (evses: readonly EvseTopology[]): readonly EvseTopology[] =>
  evses
    .map(({ evseId, powerWMax, connectors }) => ({
      evseId,
      powerWMax,
      connectors: connectors
        .map(({ connectorId, connectorType }) => ({ connectorId, connectorType }))
        .sort((a, b) => a.connectorId - b.connectorId),
    }))
    .sort((a, b) => a.evseId - b.evseId);

/** Each once, in order; none is not told. */
const tagged = (tags: readonly string[]): { readonly tags?: readonly string[] } =>
  tags.length === 0 ? {} : { tags: [...new Set(tags)].sort() };

const sameTags = (a: Pick<StationAttributes, 'tags'>, b: Pick<StationAttributes, 'tags'>): boolean =>
  JSON.stringify(a.tags ?? []) === JSON.stringify(b.tags ?? []);

const sameEvses = (a: readonly EvseTopology[], b: readonly EvseTopology[]): boolean =>
  JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
