import type { MoveEvent, StationMoveEvent } from '@voltlog/device-contract';
import {
  type MoveCommand,
  type MoveRefusal,
  type MoveState,
  moveDecider,
  type StationMoveCommand,
  type StationMoveRefusal,
  type StationMoveState,
  stationMoveDecider,
} from '@voltlog/device-domain';
import type { ServiceContext } from '@voltlog/service';
import type { OutboxRelay } from '@voltlog/store';
import { DocumentedStreams } from '../store/documented-streams.js';
import type { MoveCollections, MoveDoc, StationMoveDoc } from './move-documents.js';

export const MOVE = 'move:';
export const STATION_MOVE = 'station-move:';

export const moveDoc = (id: string, state: MoveState, version: number): MoveDoc | undefined => {
  if (state.kind === 'none') return undefined;
  const { kind: _, ...move } = state;
  return { ...move, id, version };
};

export const stationMoveDoc = (id: string, state: StationMoveState, version: number): StationMoveDoc | undefined => {
  if (state.kind === 'none') return undefined;
  const { kind: _, ...move } = state;
  return { ...move, id, version };
};

/** Of one station in a move. */
export const stationMoveId = (moveId: string, stationId: string): string => `${moveId}:${stationId}`;

export interface MoveStreams {
  readonly moves: DocumentedStreams<MoveCommand, MoveState, MoveEvent, MoveRefusal, MoveDoc>;
  readonly stations: DocumentedStreams<StationMoveCommand, StationMoveState, StationMoveEvent, StationMoveRefusal, StationMoveDoc>;
}

export function moveStreams(
  context: Pick<ServiceContext, 'store' | 'ids' | 'clock' | 'instanceId'>,
  { moves, stations }: MoveCollections,
  outbox: Pick<OutboxRelay, 'publish'>,
): MoveStreams {
  return {
    moves: new DocumentedStreams({ context, outbox, prefix: MOVE, decider: moveDecider, collection: moves, toDoc: moveDoc }),
    stations: new DocumentedStreams({
      context,
      outbox,
      prefix: STATION_MOVE,
      decider: stationMoveDecider,
      collection: stations,
      toDoc: stationMoveDoc,
    }),
  };
}
