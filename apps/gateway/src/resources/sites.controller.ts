import { Body, Controller, Delete, Get, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Services } from '../services.js';
import { identifier, pageQuery } from '../views/common.js';
import { newSite, siteChange, sitePage, siteView, toSite } from '../views/device.view.js';
import { expectedVersion, idempotencyKey, withEtag } from '../web/etag.js';
import { Read, Versioned, Write } from '../web/route.js';

const siteParams = z.object({ siteId: identifier('siteId', 64) });
type SiteParams = z.output<typeof siteParams>;

@ApiTags('sites')
@Controller('v1/sites')
export class SitesController {
  constructor(private readonly services: Services) {}

  @Get()
  @Read({ role: 'viewer', summary: 'List sites', answer: sitePage })
  async listSites(@Query({ schema: pageQuery }) query: z.output<typeof pageQuery>) {
    const page = await this.services.device.listSites({ pageSize: query.limit, pageToken: query.cursor ?? '' });
    return { data: page.sites.map(toSite), nextCursor: page.nextPageToken || null };
  }

  @Post()
  @Write({ role: 'admin', summary: 'Register a site', status: 201, answer: siteView })
  async registerSite(
    @Body({ schema: newSite }) body: z.output<typeof newSite>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { site } = await this.services.device.registerSite({
      siteId: body.siteId ?? '',
      name: body.name,
      address: body.address ?? '',
      city: body.city ?? '',
      countryCode: body.countryCode ?? '',
      latitude: body.latitude ?? 0,
      longitude: body.longitude ?? 0,
      timeZone: body.timeZone ?? '',
      idempotencyKey: idempotencyKey(request),
    });
    if (site !== undefined) void reply.header('location', `/v1/sites/${encodeURIComponent(site.siteId)}`);
    return withEtag(reply, site, 'The site', toSite);
  }

  @Get(':siteId')
  @Read({ role: 'viewer', summary: 'Read a site', answer: siteView })
  async getSite(@Param({ schema: siteParams }) { siteId }: SiteParams, @Res({ passthrough: true }) reply: FastifyReply) {
    const { site } = await this.services.device.getSite({ siteId });
    return withEtag(reply, site, `Site ${siteId}`, toSite);
  }

  @Patch(':siteId')
  @Write({ role: 'admin', summary: 'Change a site', answer: siteView })
  @Versioned()
  async updateSite(
    @Param({ schema: siteParams }) { siteId }: SiteParams,
    @Body({ schema: siteChange }) body: z.output<typeof siteChange>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { site } = await this.services.device.updateSite({
      siteId,
      ...body,
      expectedVersion: expectedVersion(request),
      idempotencyKey: idempotencyKey(request),
    });
    return withEtag(reply, site, `Site ${siteId}`, toSite);
  }

  @Delete(':siteId')
  @Write({ role: 'admin', summary: 'Retire a site', description: 'It stays readable; nothing is forgotten.', answer: siteView })
  async retireSite(
    @Param({ schema: siteParams }) { siteId }: SiteParams,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { site } = await this.services.device.retireSite({ siteId, idempotencyKey: idempotencyKey(request) });
    return withEtag(reply, site, `Site ${siteId}`, toSite);
  }
}
