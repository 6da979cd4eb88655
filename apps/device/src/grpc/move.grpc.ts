import { createHash } from 'node:crypto';
import {
  addressGroupsOf,
  type KnownStationMove,
  keysIn,
  MOVE_STATIONS_MAX,
  type MoveCommand,
  type MoveRefusal,
  type StationMoveRefusal,
  waveSizes,
} from '@voltlog/device-domain';
import { RequestError } from '@voltlog/kernel';
import type { deviceMoveV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { selected } from '../jobs/selection.js';
import type { MoveCollections } from '../moves/move-documents.js';
import { keysOf } from '../moves/move-steps.js';
import { type MoveStreams, moveDoc, stationMoveDoc, stationMoveId } from '../moves/move-streams.js';
import { MOVE_MS, type MoveWorker } from '../moves/move-worker.js';
import type { Intents } from '../security/intents.js';
import type { Collections } from '../store/documents.js';
import type { StationMemory } from '../store/station-memory.js';
import { toAttributes, toMoveMessage, toMoveStationMessage } from './move-messages.js';
import { causeOf, checkStationId, pageSize } from './requests.js';

const REFUSALS: Readonly<Record<MoveRefusal | StationMoveRefusal, readonly [RequestError['code'], string]>> = {
  MoveExists: ['ALREADY_EXISTS', 'there is a move of this id'],
  MoveUnknown: ['NOT_FOUND', 'there is no such move'],
  MoveEnded: ['FAILED_PRECONDITION', 'the move has ended'],
  MoveNotRunning: ['FAILED_PRECONDITION', 'the move is being cancelled'],
  NoStations: ['FAILED_PRECONDITION', 'the selection means no station in service'],
  StationNotInMove: ['NOT_FOUND', 'the turn of this station in the move has not come, or it is not part of it'],
  StationNotSwitched: ['FAILED_PRECONDITION', 'the station was not told to go'],
};
const PHASES: readonly KnownStationMove['phase'][] = ['Started', 'Prepared', 'Switched', 'Moved', 'Failed', 'CameBack', 'Cancelled'];

export interface MoveGrpcParts {
  readonly context: Pick<ServiceContext, 'clock' | 'ids'>;
  readonly registry: Collections;
  readonly memory: Pick<StationMemory, 'docs'>;
  readonly collections: MoveCollections;
  readonly streams: MoveStreams;
  readonly intents: Intents;
  readonly worker: Pick<MoveWorker, 'tally'>;
  readonly allowPrivate: boolean;
}

/** `voltlog.device.v1.MoveService`. */
export class MoveGrpc implements deviceMoveV1.MoveService {
  constructor(private readonly parts: MoveGrpcParts) {}

  async createMove(request: deviceMoveV1.CreateMoveRequest): Promise<deviceMoveV1.CreateMoveResponse> {
    const attributes = toAttributes(request, this.parts.allowPrivate);
    const cause = this.cause(request.idempotencyKey);
    // The same key is the same move.
    const moveId =
      request.idempotencyKey === '' ? this.parts.context.ids.next() : createHash('sha256').update(cause).digest('hex').slice(0, 32);
    const stationIds = await this.waves(attributes);
    const intent = { id: `plan:${moveId}`, stationId: moveId, kind: 'MovePlan' as const, data: {} };
    const kept = await this.parts.intents.keep(intent, MOVE_MS);
    await this.onMove(moveId, { kind: 'CreateMove', moveId, attributes, stationIds, now: this.now() }, cause);
    await this.parts.intents.go(kept);
    return { move: await this.message(moveId) };
  }

  async previewMove({ plan }: deviceMoveV1.PreviewMoveRequest): Promise<deviceMoveV1.PreviewMoveResponse> {
    if (plan === undefined) throw new RequestError('INVALID_ARGUMENT', 'plan is missing');
    const attributes = toAttributes(plan, this.parts.allowPrivate);
    const waves = await this.waves(attributes);
    const ids = waves.flat();
    const [docs, statuses] = await Promise.all([this.parts.memory.docs(ids), this.parts.registry.statuses.getMany(ids)]);
    const { target } = attributes;
    const stations = waves.flatMap((of, index) =>
      of.map((stationId) => {
        const { ocppVersion = '', vendor = '' } = docs.get(stationId) ?? {};
        const connected = statuses.get(stationId)?.connected ?? false;
        const needsKeys = target !== undefined && ocppVersion === 'ocpp1.6' && keysOf(target, vendor) === undefined;
        const problem =
          target === undefined
            ? ''
            : !connected
              ? 'it is not connected now: it is waited for, for a day from its turn on'
              : needsKeys
                ? `no configuration keys are given for stations of ${vendor || 'an unknown vendor'}: it moves if it has one of ${keysIn(addressGroupsOf(vendor)).join(', ')}`
                : '';
        return { stationId, wave: index + 1, ocppVersion, connected, problem };
      }),
    );
    return { stations };
  }

  async getMove({ moveId }: deviceMoveV1.GetMoveRequest): Promise<deviceMoveV1.GetMoveResponse> {
    const state = await this.parts.streams.moves.state(moveId);
    return { move: await this.message(moveId), stationIds: state.kind === 'none' ? [] : state.stationIds.flat() };
  }

  async listMoves(request: deviceMoveV1.ListMovesRequest): Promise<deviceMoveV1.ListMovesResponse> {
    const { docs, next } = await this.parts.collections.moves.find({
      sort: ['createdAt', -1],
      limit: pageSize(request.pageSize),
      ...(request.pageToken === '' ? {} : { after: request.pageToken }),
    });
    const moves = await Promise.all(docs.map(async (doc) => toMoveMessage(doc, await this.counts(doc.moveId))));
    return { moves, nextPageToken: next ?? '' };
  }

  async listMoveStations(request: deviceMoveV1.ListMoveStationsRequest): Promise<deviceMoveV1.ListMoveStationsResponse> {
    const { moveId, phase } = request;
    await this.message(moveId);
    if (phase !== '' && !(PHASES as readonly string[]).includes(phase))
      throw new RequestError('INVALID_ARGUMENT', `phase must be one of ${PHASES.join(', ')}`);
    const { docs, next } = await this.parts.collections.stations.find({
      where: { moveId, ...(phase === '' ? {} : { phase }) },
      limit: pageSize(request.pageSize),
      ...(request.pageToken === '' ? {} : { after: request.pageToken }),
    });
    return { stations: docs.map(toMoveStationMessage), nextPageToken: next ?? '' };
  }

  async changeMove({ moveId, change, by, idempotencyKey }: deviceMoveV1.ChangeMoveRequest): Promise<deviceMoveV1.ChangeMoveResponse> {
    await this.onMove(moveId, await this.command(change, moveId, by), this.cause(idempotencyKey));
    return { move: await this.message(moveId) };
  }

  async confirmStation(request: deviceMoveV1.ConfirmStationRequest): Promise<deviceMoveV1.ConfirmStationResponse> {
    const { moveId, by } = request;
    const stationId = checkStationId(request.stationId);
    const id = stationMoveId(moveId, stationId);
    const command = { kind: 'ConfirmStation' as const, by, now: this.now() };
    const { refusal, state, version } = await this.parts.streams.stations.one(id, command, this.cause(request.idempotencyKey));
    if (refusal !== undefined) throw refused(refusal);
    await this.parts.intents.hurry([stationId]);
    const doc = stationMoveDoc(id, state, version);
    return { station: doc === undefined ? undefined : toMoveStationMessage(doc) };
  }

  private async command(change: string, moveId: string, by: string): Promise<MoveCommand> {
    const now = this.now();
    switch (change) {
      case 'Pause':
        return { kind: 'PauseMove', by, now };
      case 'Resume':
        return { kind: 'ResumeMove', by, tally: await this.parts.worker.tally(moveId), now };
      case 'Cancel':
        return { kind: 'CancelMove', by, now };
      default:
        throw new RequestError('INVALID_ARGUMENT', 'change must be Pause, Resume or Cancel');
    }
  }

  /** @throws {RequestError} when the selection means too many */
  private async waves(attributes: ReturnType<typeof toAttributes>): Promise<string[][]> {
    const ids: string[] = [];
    for await (const page of selected(this.parts.registry, attributes.selection)) {
      ids.push(...page);
      if (ids.length > MOVE_STATIONS_MAX)
        throw new RequestError('FAILED_PRECONDITION', `a move has at most ${MOVE_STATIONS_MAX} stations: make several`, 'TooManyStations');
    }
    return waveSizes(attributes.waves, ids.length).map((size) => ids.splice(0, size));
  }

  private async onMove(moveId: string, command: MoveCommand, cause: string): Promise<void> {
    const { refusal } = await this.parts.streams.moves.one(moveId, command, cause);
    if (refusal !== undefined) throw refused(refusal);
  }

  private async message(moveId: string): Promise<deviceMoveV1.Move> {
    const state = await this.parts.streams.moves.state(moveId);
    const doc = moveDoc(moveId, state, 0);
    if (doc === undefined) throw refused('MoveUnknown');
    return toMoveMessage(doc, await this.counts(moveId));
  }

  private async counts(moveId: string): Promise<deviceMoveV1.MovePhaseCount[]> {
    const { stations } = this.parts.collections;
    const counts = await Promise.all(PHASES.map(async (phase) => ({ phase, count: await stations.count({ moveId, phase }) })));
    return counts.filter(({ count }) => count > 0);
  }

  private cause(idempotencyKey: string): string {
    return causeOf(idempotencyKey, () => this.parts.context.ids.next());
  }

  private now(): number {
    return this.parts.context.clock.now();
  }
}

function refused(refusal: MoveRefusal | StationMoveRefusal): RequestError {
  const [code, message] = REFUSALS[refusal];
  return new RequestError(code, message, refusal);
}
