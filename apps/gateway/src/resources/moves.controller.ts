import { Readable } from 'node:stream';
import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { deviceMoveV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { CallerParam } from '../auth/access.js';
import type { Role } from '../auth/api-key.js';
import type { Caller } from '../auth/api-keys.js';
import type { GatewayConfig } from '../config.js';
import { notFound } from '../problems/problem.js';
import { Services } from '../services.js';
import { pageQuery } from '../views/common.js';
import { toStation } from '../views/device.view.js';
import {
  moveExport,
  movePage,
  moveParams,
  movePreview,
  moveStationPage,
  moveStationParams,
  moveStationQuery,
  moveStationView,
  moveView,
  newMove,
  toCreateMove,
  toMove,
  toMovePreview,
  toMoveStation,
} from '../views/move.view.js';
import { idempotencyKey } from '../web/etag.js';
import { Read, Write } from '../web/route.js';

type MoveParams = z.output<typeof moveParams>;
/** Stations of a move read in one go. */
const PAGE = 200;

/** Bringing stations to another CSMS, or here, wave by wave. */
@ApiTags('moves')
@Controller('v1/moves')
export class MovesController {
  private readonly moves: deviceMoveV1.MoveService;

  constructor(
    private readonly services: Services,
    @Inject(SERVICE_CONTEXT) { rpc }: ServiceContext,
    @Inject(SERVICE_CONFIG) config: GatewayConfig,
  ) {
    this.moves = rpc.client<deviceMoveV1.MoveService>(deviceMoveV1.MoveServiceDefinition, { address: config.deviceGrpc });
  }

  @Get()
  @Read({ role: 'viewer', summary: 'List moves, newest first', answer: movePage })
  async listMoves(@Query({ schema: pageQuery }) query: z.output<typeof pageQuery>, @CallerParam() { role }: Caller) {
    const { moves, nextPageToken } = await this.moves.listMoves({ pageSize: query.limit, pageToken: query.cursor ?? '' });
    return { data: moves.map((move) => toMove(move, role)), nextCursor: nextPageToken || null };
  }

  @Post()
  @Write({
    role: 'admin',
    summary: 'Bring stations to another CSMS, or here',
    description:
      '`Out`: each station is told the new address, with the old one behind it, and to start again when it is idle. One that comes back is set to what it was. `In`: stations that are pointed here from elsewhere are waited for. At most 10 000 stations; the move goes on behind this answer.',
    status: 201,
    answer: moveView,
  })
  async createMove(
    @Body({ schema: newMove }) body: z.output<typeof newMove>,
    @CallerParam() caller: Caller,
    @Req() request: FastifyRequest,
  ) {
    const { move } = await this.moves.createMove(toCreateMove(body, { createdBy: caller.keyId, idempotencyKey: idempotencyKey(request) }));
    return found(move, caller);
  }

  @Post('preview')
  @Read({ role: 'admin', summary: 'What a move would be at each station; nothing is changed', answer: movePreview })
  async previewMove(@Body({ schema: newMove }) body: z.output<typeof newMove>) {
    return toMovePreview(await this.moves.previewMove({ plan: toCreateMove(body, { createdBy: '', idempotencyKey: '' }) }));
  }

  @Get(':moveId')
  @Read({ role: 'viewer', summary: 'How far a move is', answer: moveView })
  async getMove(@Param({ schema: moveParams }) { moveId }: MoveParams, @CallerParam() caller: Caller) {
    return found((await this.moves.getMove({ moveId })).move, caller);
  }

  @Get(':moveId/stations')
  @Read({ role: 'viewer', summary: 'What came of each station whose turn has come', answer: moveStationPage })
  async listMoveStations(
    @Param({ schema: moveParams }) { moveId }: MoveParams,
    @Query({ schema: moveStationQuery }) { limit, cursor, phase }: z.output<typeof moveStationQuery>,
    @CallerParam() { role }: Caller,
  ) {
    const page = await this.moves.listMoveStations({ moveId, phase: phase ?? '', pageSize: limit, pageToken: cursor ?? '' });
    return { data: page.stations.map((station) => toMoveStation(station, role)), nextCursor: page.nextPageToken || null };
  }

  @Get(':moveId/export')
  @Read({
    role: 'admin',
    summary: 'What the other side needs to know of the stations of a move',
    description:
      'JSON lines: the station with its EVSEs, make, serial number, firmware and version, and how far its move is, null before its turn. Passwords are not kept, so they are not among it.',
    answer: moveExport,
    types: ['application/x-ndjson'],
  })
  async exportMove(
    @Param({ schema: moveParams }) { moveId }: MoveParams,
    @CallerParam() { role }: Caller,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { stationIds } = await this.moves.getMove({ moveId });
    void reply.header('content-disposition', `attachment; filename="move-${moveId}.ndjson"`);
    void reply.type('application/x-ndjson');
    void reply.send(Readable.from(this.lines(moveId, stationIds, role)));
  }

  @Post(':moveId/pause')
  @Write({ role: 'admin', summary: 'Begin with no further station', answer: moveView })
  pauseMove(@Param({ schema: moveParams }) params: MoveParams, @CallerParam() caller: Caller, @Req() request: FastifyRequest) {
    return this.changed('Pause', params, caller, request);
  }

  @Post(':moveId/resume')
  @Write({
    role: 'admin',
    summary: 'Go on',
    description: 'Also after too many failed; what failed until now does not count again.',
    answer: moveView,
  })
  resumeMove(@Param({ schema: moveParams }) params: MoveParams, @CallerParam() caller: Caller, @Req() request: FastifyRequest) {
    return this.changed('Resume', params, caller, request);
  }

  @Post(':moveId/cancel')
  @Write({ role: 'admin', summary: 'End a move; stations that were told to go are followed on', answer: moveView })
  cancelMove(@Param({ schema: moveParams }) params: MoveParams, @CallerParam() caller: Caller, @Req() request: FastifyRequest) {
    return this.changed('Cancel', params, caller, request);
  }

  @Post(':moveId/stations/:stationId/confirm')
  @Write({ role: 'operator', summary: 'Say that a station has arrived where it was sent', answer: moveStationView })
  async confirmMoveStation(
    @Param({ schema: moveStationParams }) { moveId, stationId }: z.output<typeof moveStationParams>,
    @CallerParam() caller: Caller,
    @Req() request: FastifyRequest,
  ) {
    const { station } = await this.moves.confirmStation({ moveId, stationId, by: caller.keyId, idempotencyKey: idempotencyKey(request) });
    if (station === undefined) throw notFound(`Station ${stationId}`);
    return toMoveStation(station, caller.role);
  }

  private async changed(change: 'Pause' | 'Resume' | 'Cancel', { moveId }: MoveParams, caller: Caller, request: FastifyRequest) {
    const { move } = await this.moves.changeMove({ moveId, change, by: caller.keyId, idempotencyKey: idempotencyKey(request) });
    return found(move, caller);
  }

  /** All stations of the move, with how far it is at those whose turn has come. */
  private async *lines(moveId: string, stationIds: readonly string[], role: Role): AsyncGenerator<string> {
    const moved = new Map<string, deviceMoveV1.MoveStation>();
    let pageToken = '';
    do {
      const page = await this.moves.listMoveStations({ moveId, phase: '', pageSize: PAGE, pageToken });
      for (const each of page.stations) moved.set(each.stationId, each);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    for (const stationId of stationIds) {
      const { station } = await this.services.device.getStation({ stationId });
      if (station === undefined) continue;
      const { connection: _, ...known } = toStation(station, null);
      const move = moved.get(stationId);
      yield `${JSON.stringify({ ...known, move: move === undefined ? null : toMoveStation(move, role) })}\n`;
    }
  }
}

function found(move: deviceMoveV1.Move | undefined, { role }: Caller) {
  if (move === undefined) throw notFound('The move');
  return toMove(move, role);
}
