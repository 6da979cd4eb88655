import { applyDecorators, Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { deviceV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Access } from '../auth/access.js';
import type { GatewayConfig } from '../config.js';
import { evsePageUrl } from '../driver/evse-uid.js';
import { publicUrl } from '../driver/public-url.js';
import { notFound, Problem } from '../problems/problem.js';
import { type Label, labelSheetPdf, labelSheetSvg } from '../qr/label-sheet.js';
import { qrSvg } from '../qr/qr-code.js';
import { Services } from '../services.js';
import { identifier, stationId } from '../views/common.js';

/** Labels of one answer; more are asked for station by station. */
const LABELS_MAX = 1_200;
const STATIONS_PER_CALL = 200;

const siteParams = z.object({ siteId: identifier('siteId', 64) });
const evseParams = z.object({ stationId, evseId: z.coerce.number().int().min(1).max(1_000) });
const formatQuery = z.object({ format: z.enum(['svg', 'pdf']).default('pdf') });

const Drawing = (summary: string, description: string, ...types: readonly string[]) =>
  applyDecorators(
    Access('viewer'),
    ApiOperation({ summary, description }),
    ApiProduces(...types),
    ApiResponse({
      status: 200,
      description: 'the drawing',
      content: Object.fromEntries(types.map((type) => [type, { schema: { type: 'string' } }])),
    }),
  );

@ApiTags('stations')
@Controller('v1')
export class QrCodesController {
  constructor(
    private readonly services: Services,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {}

  @Get('sites/:siteId/qr-codes')
  @Drawing(
    'Labels with QR codes for every EVSE of a site',
    'Sheets of A4 to print; each code opens the driver page of its EVSE.',
    'application/pdf',
    'image/svg+xml',
  )
  async siteQrCodes(
    @Param({ schema: siteParams }) { siteId }: z.output<typeof siteParams>,
    @Query({ schema: formatQuery }) { format }: z.output<typeof formatQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<FastifyReply> {
    const { site } = await this.services.device.getSite({ siteId });
    if (site === undefined) throw notFound(`Site ${siteId}`);
    const base = publicUrl(this.config, request);
    const stations = await this.stationsOf(siteId);
    const labels = stations.flatMap((station) => station.evses.map((evse) => labelOf(site, station, evse.evseId, base)));
    if (labels.length > LABELS_MAX)
      throw new Problem(
        422,
        'too-many-evses',
        `This site has ${labels.length} EVSEs; one sheet holds ${LABELS_MAX}. Ask for single EVSEs.`,
      );
    void reply.header('content-disposition', `inline; filename="qr-codes.${format}"`);
    if (format === 'svg') return reply.type('image/svg+xml').send(labelSheetSvg(labels));
    return reply.type('application/pdf').send(await labelSheetPdf(labels, new Date(this.context.clock.now())));
  }

  @Get('stations/:stationId/evses/:evseId/qr-code.svg')
  @Drawing('The QR code of one EVSE', 'It opens the driver page.', 'image/svg+xml')
  async evseQrCode(
    @Param({ schema: evseParams }) { stationId: id, evseId }: z.output<typeof evseParams>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<FastifyReply> {
    const { station } = await this.services.device.getStation({ stationId: id });
    if (station?.evses.some((evse) => evse.evseId === evseId) !== true) throw notFound(`EVSE ${evseId} of station ${id}`);
    const url = evsePageUrl(publicUrl(this.config, request), { stationId: id, evseId });
    return reply.type('image/svg+xml').send(qrSvg(url, `${station.name || id}, EVSE ${evseId}`));
  }

  private async stationsOf(siteId: string): Promise<readonly deviceV1.Station[]> {
    const all: deviceV1.Station[] = [];
    let pageToken = '';
    do {
      const page = await this.services.device.listStations({
        pageSize: STATIONS_PER_CALL,
        pageToken,
        siteId,
        lifecycle: deviceV1.StationLifecycle.ACTIVE,
      });
      all.push(...page.stations);
      pageToken = page.nextPageToken;
    } while (pageToken !== '' && all.length <= LABELS_MAX);
    return all;
  }
}

function labelOf(site: deviceV1.Site, station: deviceV1.Station, evseId: number, base: string): Label {
  return {
    stationName: station.name || station.stationId,
    evseId,
    siteName: site.name,
    address: [site.address, site.city].filter((part) => part !== '').join(', '),
    url: evsePageUrl(base, { stationId: station.stationId, evseId }),
  };
}
