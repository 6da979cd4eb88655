import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { OperatingError } from '@voltlog/kernel';
import { deviceV1 } from '@voltlog/proto';
import { SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { notFound } from '../problems/problem.js';
import { Services } from '../services.js';
import { pageQuery, stationId as stationIdSchema } from '../views/common.js';
import {
  changedStation,
  connectionPage,
  connectionView,
  credentialView,
  messagePage,
  newCredential,
  newStation,
  registeredStation,
  stationChange,
  stationPage,
  stationQuery,
  stationView,
  toConnection,
  toEvses,
  toLifecycle,
  toMessage,
  toStation,
} from '../views/device.view.js';
import { expectedVersion, idempotencyKey, withEtag } from '../web/etag.js';
import { Read, Versioned, Write } from '../web/route.js';

export const stationParams = z.object({ stationId: stationIdSchema });
export type StationParams = z.output<typeof stationParams>;
type ConnectionView = z.input<typeof connectionView>;

@ApiTags('stations')
@Controller('v1')
export class StationsController {
  constructor(
    private readonly services: Services,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
  ) {}

  @Get('stations')
  @Read({ role: 'viewer', summary: 'List stations with their live connections', answer: stationPage })
  async listStations(@Query({ schema: stationQuery }) query: z.output<typeof stationQuery>) {
    const { stations, nextPageToken } = await this.services.device.listStations({
      pageSize: query.limit,
      pageToken: query.cursor ?? '',
      siteId: query.siteId,
      lifecycle: toLifecycle(query.lifecycle),
    });
    const live = await this.connections(stations.map((station) => station.stationId));
    return { data: stations.map((station) => toStation(station, live?.get(station.stationId) ?? null)), nextCursor: nextPageToken || null };
  }

  @Post('stations')
  @Write({
    role: 'admin',
    summary: 'Register a station',
    description:
      'Without a password one is made; it is in this answer, and in that to a repetition with the same `Idempotency-Key`, and nowhere else.',
    status: 201,
    answer: registeredStation,
  })
  async registerStation(
    @Body({ schema: newStation }) body: z.output<typeof newStation>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { station, password } = await this.services.device.registerStation({
      stationId: body.stationId,
      siteId: body.siteId,
      name: body.name,
      evses: toEvses(body.evses),
      password: body.password ?? '',
      withoutCredential: body.withoutCredential,
      tags: body.tags,
      securityProfileMin: body.securityProfileMin,
      idempotencyKey: idempotencyKey(request),
    });
    void reply.header('location', `/v1/stations/${encodeURIComponent(body.stationId)}`);
    return { station: await this.answer(reply, station, body.stationId), password: password || null };
  }

  @Get('stations/:stationId')
  @Read({ role: 'viewer', summary: 'Read a station with its EVSEs, connectors and live connection', answer: stationView })
  async getStation(@Param({ schema: stationParams }) { stationId }: StationParams, @Res({ passthrough: true }) reply: FastifyReply) {
    const { station } = await this.services.device.getStation({ stationId });
    return this.answer(reply, station, stationId);
  }

  @Patch('stations/:stationId')
  @Write({
    role: 'operator',
    summary: 'Change a station, or accept it out of quarantine',
    description:
      'A station that is accepted is given a password in the same step, since nobody knows the one that it shows: made here unless you choose ' +
      'one, brought to it over its open connection, and in this answer this once for one that takes none. It counts from now on.',
    answer: changedStation,
  })
  @Versioned()
  async updateStation(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: stationChange }) body: z.output<typeof stationChange>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { station, password } = await this.services.device.updateStation({
      stationId,
      siteId: body.siteId,
      name: body.name,
      evses: toEvses(body.evses ?? []),
      replaceEvses: body.evses !== undefined,
      tags: body.tags === undefined ? undefined : { tags: body.tags },
      accept: body.accept ?? false,
      password: body.password ?? '',
      withoutCredential: body.withoutCredential ?? false,
      securityProfileMin: body.securityProfileMin,
      expectedVersion: expectedVersion(request),
      idempotencyKey: idempotencyKey(request),
    });
    return { ...(await this.answer(reply, station, stationId)), password: password || null };
  }

  @Delete('stations/:stationId')
  @Write({ role: 'admin', summary: 'Retire a station', description: 'It is let in no more; its history stays.', answer: stationView })
  async retireStation(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { station } = await this.services.device.retireStation({ stationId, idempotencyKey: idempotencyKey(request) });
    return this.answer(reply, station, stationId);
  }

  @Put('stations/:stationId/credential')
  @Write({
    role: 'admin',
    summary: "Set a station's password",
    description:
      'Without one in the body a new one is made and shown here, and to a repetition with the same `Idempotency-Key` alone. It counts alone ' +
      'at once; while another one is on its way to the station, that counts too until the station has shown this one.',
    answer: credentialView,
  })
  async setCredential(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: newCredential }) body: z.output<typeof newCredential>,
    @Req() request: FastifyRequest,
  ) {
    const { password } = await this.services.device.setStationCredential({
      stationId,
      password: body.password ?? '',
      idempotencyKey: idempotencyKey(request),
    });
    return { password: password || null };
  }

  @Get('stations/:stationId/connection')
  @Read({ role: 'viewer', summary: 'The live connection of a station', answer: connectionView })
  async getConnection(@Param({ schema: stationParams }) { stationId }: StationParams) {
    const { connection } = await this.services.connection.getConnection({ stationId });
    return toConnection(stationId, connection);
  }

  @Get('stations/:stationId/messages')
  @Read({ role: 'viewer', summary: 'The message log of a station, newest first', answer: messagePage })
  async listMessages(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Query({ schema: pageQuery }) query: z.output<typeof pageQuery>,
  ) {
    const page = await this.services.connection.listFrames({ stationId, pageSize: query.limit, pageToken: query.cursor ?? '' });
    return { data: page.frames.map(toMessage), nextCursor: page.nextPageToken || null };
  }

  @Get('connections')
  @Read({ role: 'viewer', summary: 'All live connections, and how many there are', answer: connectionPage })
  async listConnections(@Query({ schema: pageQuery }) query: z.output<typeof pageQuery>) {
    const page = await this.services.connection.listConnections({ pageSize: query.limit, pageToken: query.cursor ?? '', stationIds: [] });
    return {
      data: page.connections.map((connection) => toConnection(connection.stationId, connection)),
      nextCursor: page.nextPageToken || null,
      total: page.total,
    };
  }

  private async answer(reply: FastifyReply, station: deviceV1.Station | undefined, stationId: string) {
    if (station === undefined) throw notFound(`Station ${stationId}`);
    const live = await this.connections([stationId]);
    return withEtag(reply, station, `Station ${stationId}`, (found) => toStation(found, live?.get(stationId) ?? null));
  }

  /** Who is connected now; nothing when the connection service is away, since the rest of the answer is still of use. */
  private async connections(stationIds: readonly string[]): Promise<Map<string, ConnectionView> | undefined> {
    if (stationIds.length === 0) return new Map();
    try {
      const { connections } = await this.services.connection.listConnections({
        pageSize: stationIds.length,
        pageToken: '',
        stationIds: [...stationIds],
      });
      const live = new Map(connections.map((connection) => [connection.stationId, toConnection(connection.stationId, connection)]));
      return new Map(stationIds.map((stationId) => [stationId, live.get(stationId) ?? toConnection(stationId, undefined)]));
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      this.context.logger.warn({ err: error }, 'connections are not known now');
      return undefined;
    }
  }
}
