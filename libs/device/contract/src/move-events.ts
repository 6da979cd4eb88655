import type { StationSelection } from './job-events.js';

/** What is said about moving stations away or in. Topic `device.move.v1`, key: the move. Times are ISO 8601 UTC. */

export const MOVE_TOPIC = 'device.move.v1';

/** How many stations go together; `percent` of all counts where it is above 0. */
export interface MoveWave {
  readonly percent: number;
  readonly stations: number;
  /** How long nothing begins after the wave is through. */
  readonly pauseMinutes: number;
}

/** Configuration keys (OCPP 1.6) that bring stations of a make to another CSMS; `{stationId}` in a value stands for the station's id. */
export interface MoveKeys {
  /** As the station tells it; empty: any. */
  readonly vendor: string;
  readonly keys: readonly { readonly key: string; readonly value: string }[];
}

/** Where stations go. */
export interface MoveTarget {
  /** OCPP address without the station's id, as OCPP 2.x wants it. */
  readonly csmsUrl: string;
  /** 0 to 3. */
  readonly securityProfile: number;
  /** Network profile slot of OCPP 2.x; none of the slots in use. */
  readonly slot: number;
  readonly messageTimeoutSeconds: number;
  /** OCPP 1.6; the first whose vendor is the station's, or is empty. Of a vendor that is not named: the keys that are known of it. */
  readonly keys: readonly MoveKeys[];
  /** Asked whether a station has arrived, with its id for `{stationId}`: 2xx, and no JSON that says `connected: false`. Absent: nothing is asked. */
  readonly healthUrl?: string;
}

export interface MoveAttributes {
  readonly name: string;
  readonly direction: 'Out' | 'In';
  /** What was asked for; the stations were looked up when the move was created. */
  readonly selection: StationSelection;
  /** Absent with `In`. */
  readonly target?: MoveTarget;
  readonly waves: readonly MoveWave[];
  /** Stations under way at once. */
  readonly atOnceMax: number;
  /** How long a station has to be away from here (`Out`), or gets to be in service here (`In`). */
  readonly healthMinutes: number;
  /** `Out`: whether somebody must say that it has arrived; otherwise being away from here is taken for it. */
  readonly confirm: boolean;
  /** No further station begins once so many of those that are through failed; 0: never. */
  readonly stopAtFailedPercent: number;
  /** ... and at least so many. */
  readonly stopAtFailedMin: number;
  readonly createdBy: string;
}

export interface MoveCreated extends MoveAttributes {
  readonly moveId: string;
  /** Station ids by wave. */
  readonly stationIds: readonly (readonly string[])[];
  readonly at: string;
}
export interface MoveWaveStarted {
  readonly moveId: string;
  /** From 1. */
  readonly wave: number;
  readonly at: string;
}
export interface MoveWaveEnded {
  readonly moveId: string;
  readonly wave: number;
  readonly at: string;
}
/** Too many failed. */
export interface MoveStopped {
  readonly moveId: string;
  readonly failed: number;
  readonly ended: number;
  readonly at: string;
}
export interface MovePaused {
  readonly moveId: string;
  readonly by: string;
  readonly at: string;
}
export interface MoveResumed {
  readonly moveId: string;
  readonly by: string;
  /** What failed until now does not count again. */
  readonly failedBefore: number;
  readonly endedBefore: number;
  readonly at: string;
}
/** No further station begins; those under way go on. */
export interface MoveCancelled {
  readonly moveId: string;
  readonly by: string;
  readonly at: string;
}
export interface MoveEnded {
  readonly moveId: string;
  readonly outcome: 'Completed' | 'Cancelled';
  readonly at: string;
}

/** What a station was set to before it was sent away: what brings it back. */
export interface MoveBefore {
  /** OCPP 2.x: NetworkConfigurationPriority; empty with 1.6. */
  readonly priority: string;
  /** OCPP 1.6. */
  readonly keys: readonly { readonly key: string; readonly value: string }[];
}

interface OfStation {
  readonly moveId: string;
  readonly stationId: string;
  readonly at: string;
}
export interface StationMoveStarted extends OfStation {
  readonly wave: number;
  readonly direction: 'Out' | 'In';
}
/** It was told where to go, and what it was set to before. It goes with its next start. */
export interface StationMovePrepared extends OfStation {
  readonly before: MoveBefore;
}
/** It was told to start again. */
export interface StationMoveSwitched extends OfStation {}
/** Somebody said that it has arrived. */
export interface StationMoveConfirmed extends OfStation {
  readonly by: string;
}
export interface StationMoveEnded extends OfStation {
  /** `CameBack`: it was away and connected here again before it was known to have arrived. */
  readonly outcome: 'Moved' | 'Failed' | 'CameBack' | 'Cancelled';
  readonly confirmed: boolean;
  /** Empty: it is where it should be. */
  readonly reason: string;
}
/** It is here again, and set to what it was before. */
export interface StationMoveRestored extends OfStation {
  /** Empty: it took all of it. */
  readonly reason: string;
}

export interface MoveEvents {
  'voltlog.device.MoveCreated.v1': MoveCreated;
  'voltlog.device.MoveWaveStarted.v1': MoveWaveStarted;
  'voltlog.device.MoveWaveEnded.v1': MoveWaveEnded;
  'voltlog.device.MoveStopped.v1': MoveStopped;
  'voltlog.device.MovePaused.v1': MovePaused;
  'voltlog.device.MoveResumed.v1': MoveResumed;
  'voltlog.device.MoveCancelled.v1': MoveCancelled;
  'voltlog.device.MoveEnded.v1': MoveEnded;
  'voltlog.device.StationMoveStarted.v1': StationMoveStarted;
  'voltlog.device.StationMovePrepared.v1': StationMovePrepared;
  'voltlog.device.StationMoveSwitched.v1': StationMoveSwitched;
  'voltlog.device.StationMoveConfirmed.v1': StationMoveConfirmed;
  'voltlog.device.StationMoveEnded.v1': StationMoveEnded;
  'voltlog.device.StationMoveRestored.v1': StationMoveRestored;
}

export type MoveEventType = keyof MoveEvents;
type Plain<Type extends MoveEventType> = { readonly [Each in Type]: { readonly type: Each; readonly data: MoveEvents[Each] } }[Type];
/** An event of a move's stream. */
export type MoveEvent = Plain<Extract<MoveEventType, `voltlog.device.Move${string}`>>;
/** An event of the stream of one station in a move. */
export type StationMoveEvent = Plain<Extract<MoveEventType, `voltlog.device.StationMove${string}`>>;
