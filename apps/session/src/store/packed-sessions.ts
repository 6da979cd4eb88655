import type { SessionFact, SessionOutcome } from '@voltlog/session-contract';
import { type AnnouncedMilestone, type Place, type SessionClaims, type TokenClaim, tokenOfStart } from '@voltlog/session-domain';
import type { Packing } from '@voltlog/store';
import type { SessionDocument } from './session-documents.js';

/** Stands for what the document, its start or its end say already. */
const SAME = true;
type Told<T> = T | typeof SAME;

type PackedMilestone = readonly [
  milestone: AnnouncedMilestone['milestone'],
  occurrence: number,
  at: string,
  receivedAt: string,
  stateOfChargePercent?: number | null,
  percent?: number | null,
  dimension?: AnnouncedMilestone['dimension'],
];

/** What is absent is null. */
type PackedOutcome = readonly [
  state: SessionOutcome['state'],
  startedAt: Told<string> | null,
  endedAt: Told<string> | null,
  energyWh: number,
  meterStartWh: Told<number> | null,
  meterStopWh: Told<number> | null,
  stoppedReason: Told<string> | null,
  idToken: Told<NonNullable<SessionOutcome['idToken']>> | null,
  authorizationStatus: Told<string> | null,
  flags: SessionOutcome['flags'],
  incomplete: boolean,
];

interface PackedClaims extends Omit<SessionClaims, 'identity' | 'place' | 'token' | 'milestones' | 'announced'> {
  /** The OCPP version alone where the document says the rest. */
  readonly identity?: SessionFact | string;
  readonly place?: Told<Place>;
  readonly token?: Told<TokenClaim>;
  readonly milestones?: readonly (PackedMilestone | AnnouncedMilestone)[];
  readonly announced?: PackedOutcome | SessionOutcome;
}

/**
 * A session as it is stored. Its claims say many things twice, each in its place: so it is half as long, and two or three share the page of a
 * file that each needed for itself. Documents of older programs are whole.
 */
export type StoredSession = Omit<SessionDocument, 'claims'> & { readonly claims: PackedClaims };

export const sessionPacking: Packing<SessionDocument, StoredSession> = {
  pack: (document) => ({ ...document, claims: packedClaims(document) }),
  unpack: (stored) => ({ ...stored, claims: claimsOf(stored) }),
};

function packedClaims({ id, stationId, transactionId, claims }: SessionDocument): PackedClaims {
  const { identity, place, token, milestones, announced, ...rest } = claims;
  const isOwn = identity?.sessionId === id && identity.stationId === stationId && identity.transactionId === transactionId;
  return {
    ...rest,
    ...(identity === undefined ? {} : { identity: isOwn ? identity.ocppVersion : identity }),
    ...(place === undefined ? {} : { place: isPlaceOfStart(place, claims) ? SAME : place }),
    ...(token === undefined ? {} : { token: isTokenOfStart(token, claims) ? SAME : token }),
    ...(milestones === undefined ? {} : { milestones: milestones.map(packedMilestone) }),
    ...(announced === undefined ? {} : { announced: packedOutcome(announced, claims) }),
  };
}

function claimsOf({ id: sessionId, stationId, transactionId, claims }: StoredSession): SessionClaims {
  const { identity, place, token, milestones, announced, ...rest } = claims;
  const startToken = token === SAME && rest.start !== undefined ? tokenOfStart(rest.start) : token;
  const startPlace = place === SAME && rest.start !== undefined ? placeOf(rest.start) : place;
  const unpacked: SessionClaims = {
    ...rest,
    ...(identity === undefined
      ? {}
      : { identity: typeof identity === 'string' ? { sessionId, stationId, transactionId, ocppVersion: identity } : identity }),
    ...(startPlace === undefined || startPlace === SAME ? {} : { place: startPlace }),
    ...(startToken === undefined || startToken === SAME ? {} : { token: startToken }),
    ...(milestones === undefined ? {} : { milestones: milestones.map((each) => (isPackedMilestone(each) ? milestoneOf(each) : each)) }),
  };
  if (announced === undefined) return unpacked;
  return { ...unpacked, announced: isPackedOutcome(announced) ? outcomeOf(announced, unpacked) : announced };
}

const placeOf = ({ evseId, connectorId }: Place): Place => ({ evseId, connectorId });

const isPlaceOfStart = ({ evseId, connectorId }: Place, { start }: SessionClaims): boolean =>
  start?.evseId === evseId && start.connectorId === connectorId;

/** Those of one event are the same objects; of two, it does no harm to store both. */
function isTokenOfStart(token: TokenClaim, { start }: SessionClaims): boolean {
  return (
    token.purpose === 'Start' &&
    token.idToken === start?.idToken &&
    token.authorization === start.authorization &&
    token.at === start.startedAt &&
    token.receivedAt === start.receivedAt
  );
}

function packedMilestone(told: AnnouncedMilestone): PackedMilestone {
  const { milestone, occurrence, at, receivedAt, stateOfChargePercent = null, percent = null, dimension } = told;
  if (dimension !== undefined) return [milestone, occurrence, at, receivedAt, stateOfChargePercent, percent, dimension];
  if (percent !== null) return [milestone, occurrence, at, receivedAt, stateOfChargePercent, percent];
  return stateOfChargePercent === null
    ? [milestone, occurrence, at, receivedAt]
    : [milestone, occurrence, at, receivedAt, stateOfChargePercent];
}

const milestoneOf = ([milestone, occurrence, at, receivedAt, soc, percent, dimension]: PackedMilestone): AnnouncedMilestone => ({
  milestone,
  occurrence,
  at,
  receivedAt,
  ...(isTold(soc) ? { stateOfChargePercent: soc } : {}),
  ...(isTold(percent) ? { percent } : {}),
  ...(dimension === undefined ? {} : { dimension }),
});

function packedOutcome(outcome: SessionOutcome, { start, reported, token }: SessionClaims): PackedOutcome {
  const idToken = outcome.idToken;
  const isTokens = idToken !== undefined && idToken.idToken === token?.idToken.idToken && idToken.type === token.idToken.type;
  return [
    outcome.state,
    told(outcome.startedAt, start?.startedAt),
    told(outcome.endedAt, reported?.endedAt),
    outcome.energyWh,
    told(outcome.meterStartWh, start?.meterStartWh),
    told(outcome.meterStopWh, reported?.meterStopWh),
    told(outcome.stoppedReason, reported?.stoppedReason),
    isTokens ? SAME : (idToken ?? null),
    told(outcome.authorizationStatus, token?.authorization?.status),
    outcome.flags,
    outcome.incomplete,
  ];
}

function outcomeOf(packed: PackedOutcome, { start, reported, token }: SessionClaims): SessionOutcome {
  const [state, started, ended, energyWh, meterStart, meterStop, reason, idToken, status, flags, incomplete] = packed;
  return {
    state,
    ...field('startedAt', started, start?.startedAt),
    ...field('endedAt', ended, reported?.endedAt),
    energyWh,
    ...field('meterStartWh', meterStart, start?.meterStartWh),
    ...field('meterStopWh', meterStop, reported?.meterStopWh),
    ...field('stoppedReason', reason, reported?.stoppedReason),
    ...field('idToken', idToken, token?.idToken),
    ...field('authorizationStatus', status, token?.authorization?.status),
    flags,
    incomplete,
  };
}

/** The other way round of {@link told}. */
function field<Name extends string, T>(name: Name, value: Told<T> | null, known: T | undefined): { readonly [name in Name]?: T } {
  const said = value === SAME ? known : value;
  return said === null || said === undefined ? {} : ({ [name]: said } as { readonly [name in Name]?: T });
}

function told<T extends string | number>(value: T | undefined, known: T | undefined): Told<T> | null {
  if (value === undefined) return null;
  return value === known ? SAME : value;
}

const isTold = (value: number | null | undefined): value is number => value !== null && value !== undefined;

const isPackedMilestone = (each: PackedMilestone | AnnouncedMilestone): each is PackedMilestone => Array.isArray(each);

const isPackedOutcome = (announced: PackedOutcome | SessionOutcome): announced is PackedOutcome => Array.isArray(announced);
