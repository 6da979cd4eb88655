import type { Charge, ChargeState } from './api/types.js';
import type { TextKey } from './i18n/index.js';

export type Tone = 'going' | 'waiting' | 'good' | 'bad' | 'done';

export interface ChargeWords {
  readonly title: TextKey;
  readonly text: TextKey;
  readonly tone: Tone;
}

/** What the reasons of the API and the stop reasons of stations say to a driver; another word says nothing to one. */
const REASONS: Readonly<Record<string, TextKey>> = {
  Offline: 'reasonOffline',
  TimedOut: 'reasonTimedOut',
  NotSupported: 'reasonNotSupported',
  Rejected: 'reasonRejected',
  ReservedForOther: 'reserveTaken',
  TokenRefused: 'reasonToken',
  DeAuthorized: 'reasonToken',
  LimitReached: 'reasonLimit',
  EnergyLimitReached: 'reasonLimit',
  TimeLimitReached: 'reasonLimit',
  CostLimitReached: 'reasonLimit',
  SOCLimitReached: 'reasonLimit',
  GroundFault: 'reasonFault',
  OvercurrentFault: 'reasonFault',
  PowerQuality: 'reasonFault',
  EmergencyStop: 'reasonFault',
  Limit: 'reasonLimit',
  Driver: 'reasonDriver',
  Operator: 'reasonOperator',
  Group: 'reasonGroup',
  Remote: 'reasonRemote',
  Local: 'reasonLocal',
  StoppedByEV: 'reasonVehicle',
  PowerLoss: 'reasonPower',
  Reboot: 'reasonPower',
  EVDisconnected: 'reasonUnplugged',
};

type ChargeSaid = Pick<Charge, 'state' | 'reason' | 'stopRequested' | 'stopFailed' | 'stationOnline'>;

/** Why a charge ended, where there is a sentence for it. */
export const endReason = (cause: string | null): TextKey | undefined => (cause === null ? undefined : REASONS[cause]);

/** The headline of a charge, the sentence under it, and how it looks. */
export function chargeWords({ state, reason, stopRequested, stopFailed, stationOnline }: ChargeSaid): ChargeWords {
  const why = reason === null ? undefined : REASONS[reason];
  if (stopFailed) return { title: 'stopFailedTitle', text: 'stopFailedText', tone: 'bad' };
  if (stopRequested && isStoppable(state))
    return { title: 'stopping', text: stationOnline ? 'stoppingText' : 'stoppingOfflineText', tone: 'waiting' };
  switch (state) {
    case 'Starting':
      return { title: 'stateStarting', text: 'stateStartingText', tone: 'waiting' };
    case 'PlugIn':
      return { title: 'statePlugIn', text: 'statePlugInText', tone: 'waiting' };
    case 'Charging':
      return { title: 'stateCharging', text: 'stateChargingText', tone: 'going' };
    case 'Suspended':
      if (reason === 'LimitReached') return { title: 'milestoneLimitReached', text: 'reasonLimit', tone: 'done' };
      return reason === 'ByStation'
        ? { title: 'stateSuspendedStation', text: 'stateSuspendedStationText', tone: 'waiting' }
        : { title: 'stateSuspendedVehicle', text: 'stateSuspendedVehicleText', tone: 'waiting' };
    case 'Full':
      return { title: 'stateFull', text: 'stateFullText', tone: 'good' };
    case 'Ended':
      return { title: 'stateEnded', text: why ?? 'stateEndedText', tone: 'done' };
    case 'Unplugged':
      return { title: 'stateUnplugged', text: 'stateUnpluggedText', tone: 'done' };
    case 'Refused':
      return { title: 'stateRefused', text: why ?? 'startRefused', tone: 'bad' };
    case 'Lapsed':
      return { title: 'stateLapsed', text: 'stateLapsedText', tone: 'bad' };
    case 'Cancelled':
      return { title: 'stateCancelled', text: 'stateCancelledText', tone: 'done' };
  }
}

/** A session runs: it can be stopped and limited. */
export const isRunning = (state: ChargeState): boolean => state === 'Charging' || state === 'Suspended' || state === 'Full';
/** It can be stopped, or taken back before it runs. */
export const isStoppable = (state: ChargeState): boolean => isRunning(state) || state === 'Starting' || state === 'PlugIn';
/** Nothing more happens by itself, but the cable. */
export const isOver = (state: ChargeState): boolean =>
  state === 'Ended' || state === 'Unplugged' || state === 'Refused' || state === 'Lapsed' || state === 'Cancelled';
