import { sessionV1 } from '@voltlog/proto';

export const CHARGE_STATES = [
  'Starting',
  'PlugIn',
  'Charging',
  'Suspended',
  'Full',
  'Ended',
  'Unplugged',
  'Refused',
  'Lapsed',
  'Cancelled',
] as const;
export type ChargeState = (typeof CHARGE_STATES)[number];

const OPEN: ReadonlySet<ChargeState> = new Set(['Starting', 'PlugIn']);

/** Percent from which a battery that takes no more counts as full: cars tell whole percents, and some stop at 99. */
const FULL_PERCENT = 99;
/** Milliseconds after which a start of which nothing was heard is told as one without an answer. */
export const START_MS_MAX = 150_000;

/** What is known of a charge. */
export interface ChargeFacts {
  /** When the driver asked to start, ms. */
  readonly askedAt: number;
  readonly now: number;
  /** Why the session service could not be asked, as far as was known; a start request that is there all the same says more. */
  readonly failure?: string | undefined;
  readonly startRequest?: sessionV1.StartRequest | undefined;
  readonly session?: sessionV1.Session | undefined;
  /** The driver took the start back, or asked to stop. */
  readonly stopRequested: boolean;
  /** Whether a cable is in, by what the connectors say. */
  readonly pluggedIn: boolean;
}

export interface ChargeStatus {
  readonly state: ChargeState;
  readonly reason: string | null;
}

/** Where a charge stands, in a driver's words. */
export function chargeStatus(facts: ChargeFacts): ChargeStatus {
  const { session } = facts;
  if (session !== undefined) return session.state === sessionV1.SessionState.ENDED ? ended(session) : running(session);
  if (facts.failure !== undefined && facts.startRequest === undefined) return { state: 'Refused', reason: facts.failure };
  return beforeSession(facts);
}

function beforeSession(facts: ChargeFacts): ChargeStatus {
  const told = byRequest(facts);
  // The wish counts until it is known.
  return facts.stopRequested && OPEN.has(told.state) ? { state: 'Cancelled', reason: null } : told;
}

function byRequest({ startRequest, askedAt, now, pluggedIn }: ChargeFacts): ChargeStatus {
  switch (startRequest?.state) {
    case sessionV1.StartRequestState.CANCELLED:
      return { state: 'Cancelled', reason: null };
    case sessionV1.StartRequestState.REFUSED:
      return { state: 'Refused', reason: startRequest.reason || 'Rejected' };
    case sessionV1.StartRequestState.LAPSED:
      return { state: 'Lapsed', reason: startRequest.reason || null };
    case sessionV1.StartRequestState.ACCEPTED:
      return { state: pluggedIn ? 'Starting' : 'PlugIn', reason: null };
    case sessionV1.StartRequestState.STARTED:
      return { state: 'Starting', reason: null };
    default:
      return now - askedAt > START_MS_MAX ? { state: 'Refused', reason: 'TimedOut' } : { state: 'Starting', reason: null };
  }
}

function running(session: sessionV1.Session): ChargeStatus {
  switch (session.chargingState) {
    case 'SuspendedEV':
      return isFull(session) ? { state: 'Full', reason: null } : { state: 'Suspended', reason: 'ByVehicle' };
    case 'SuspendedEVSE':
      // A station that keeps the limit by itself waits until it is stopped, or the limit raised.
      return { state: 'Suspended', reason: session.milestones.at(-1)?.kind === 'LimitReached' ? 'LimitReached' : 'ByStation' };
    case 'EVConnected':
      return session.energyWh > 0 ? { state: 'Suspended', reason: 'ByVehicle' } : { state: 'Starting', reason: null };
    case 'Idle':
      return session.energyWh > 0 ? { state: 'Suspended', reason: 'ByVehicle' } : { state: 'PlugIn', reason: null };
    default:
      return { state: 'Charging', reason: null };
  }
}

function ended(session: sessionV1.Session): ChargeStatus {
  const limited = session.milestones.some(({ kind }) => kind === 'LimitReached');
  const unplugged = session.unpluggedAt !== undefined || session.milestones.some(({ kind }) => kind === 'SessionEnded');
  const reason = limited ? 'LimitReached' : session.endCause || session.stoppedReason || null;
  return { state: unplugged ? 'Unplugged' : 'Ended', reason };
}

const isFull = ({ milestones, stateOfChargePercent }: sessionV1.Session): boolean =>
  milestones.some(({ kind }) => kind === 'BatteryFull') || (stateOfChargePercent ?? 0) >= FULL_PERCENT;
