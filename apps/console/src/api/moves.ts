import { useList, useRead } from './lists.js';

export const MOVE_PHASES = ['Started', 'Prepared', 'Switched', 'Moved', 'Failed', 'CameBack', 'Cancelled'] as const;
export type MovePhase = (typeof MOVE_PHASES)[number];

export interface Move {
  readonly moveId: string;
  readonly name: string | null;
  readonly direction: 'Out' | 'In';
  readonly target: { readonly csmsUrl: string } | null;
  readonly waves: readonly { readonly stationCount: number; readonly pauseMinutes: number }[];
  readonly healthMinutes: number;
  readonly confirm: boolean;
  readonly stopAtFailedPercent: number;
  readonly state: 'Running' | 'Paused' | 'Stopped' | 'Cancelling' | 'Ended';
  readonly outcome: 'Completed' | 'Cancelled' | null;
  readonly stationCount: number;
  readonly wave: number;
  readonly counts: Readonly<Partial<Record<MovePhase, number>>>;
  readonly createdBy: string | null;
  readonly createdAt: string;
}

export interface MoveStation {
  readonly stationId: string;
  readonly wave: number;
  readonly phase: MovePhase;
  readonly confirmed: boolean;
  readonly reason: string | null;
  readonly switchedAt: string | null;
  readonly restoredAt: string | null;
  readonly before: {
    readonly networkConfigurationPriority: string | null;
    readonly keys: readonly { readonly key: string; readonly value: string }[];
  };
}

export interface PreviewedStation {
  readonly stationId: string;
  readonly wave: number;
  readonly ocppVersion: string | null;
  readonly connected: boolean;
  readonly problem: string | null;
}

export const ofMove = (moveId: string): string => `/v1/moves/${encodeURIComponent(moveId)}`;

/** Stations that are through, whatever came of them. */
export const through = ({ counts }: Move): number =>
  (counts.Moved ?? 0) + (counts.Failed ?? 0) + (counts.CameBack ?? 0) + (counts.Cancelled ?? 0);

export const useMoves = () => useList<Move>('moves', '/v1/moves?limit=25');
export const useMove = (moveId: string) => useRead<Move>('moves', ofMove(moveId));
export const useMoveStations = (moveId: string, phase: MovePhase | undefined) =>
  useList<MoveStation>('moves', `${ofMove(moveId)}/stations?limit=50${phase === undefined ? '' : `&phase=${phase}`}`);
