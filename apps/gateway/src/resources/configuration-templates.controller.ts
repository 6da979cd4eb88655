import { Body, Controller, Delete, Get, Param, Put, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { notFound } from '../problems/problem.js';
import { Services } from '../services.js';
import { pageQuery } from '../views/common.js';
import {
  templateBody,
  templateId as templateIdSchema,
  templatePage,
  templateView,
  toTemplate,
  toTemplateMessage,
} from '../views/device-model.view.js';
import { expectedVersion, idempotencyKey, mustBeNew, withEtag } from '../web/etag.js';
import { Creatable, Read, Write } from '../web/route.js';

const templateParams = z.object({ templateId: templateIdSchema });
type TemplateParams = z.output<typeof templateParams>;

/** What stations of a vendor, model and firmware are to be set to. */
@ApiTags('device model')
@Controller('v1/configuration-templates')
export class ConfigurationTemplatesController {
  constructor(private readonly services: Services) {}

  @Get()
  @Read({ role: 'viewer', summary: 'List configuration templates', answer: templatePage })
  async listTemplates(@Query({ schema: pageQuery }) { limit, cursor }: z.output<typeof pageQuery>) {
    const page = await this.services.deviceModel.listTemplates({ pageSize: limit, pageToken: cursor ?? '' });
    return { data: page.templates.map(toTemplate), nextCursor: page.nextPageToken || null };
  }

  @Get(':templateId')
  @Read({ role: 'viewer', summary: 'Read a configuration template', answer: templateView })
  async getTemplate(@Param({ schema: templateParams }) { templateId }: TemplateParams, @Res({ passthrough: true }) reply: FastifyReply) {
    const { template } = await this.services.deviceModel.getTemplate({ templateId });
    return withEtag(reply, template, `Template ${templateId}`, toTemplate);
  }

  @Put(':templateId')
  @Write({
    role: 'admin',
    summary: 'Make a configuration template, or make it anew',
    description:
      'The closer it names a station (firmware before model before vendor), the more it counts. Stations get it when they next boot or are reconciled.',
    answer: templateView,
  })
  @Creatable()
  async putTemplate(
    @Param({ schema: templateParams }) { templateId }: TemplateParams,
    @Body({ schema: templateBody }) body: z.output<typeof templateBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { template } = await this.services.deviceModel.putTemplate({
      template: toTemplateMessage(templateId, body),
      expectedVersion: expectedVersion(request),
      mustBeNew: mustBeNew(request),
      idempotencyKey: idempotencyKey(request),
    });
    return withEtag(reply, template, `Template ${templateId}`, toTemplate);
  }

  @Delete(':templateId')
  @Write({
    role: 'admin',
    summary: 'Retire a configuration template',
    description: 'What stations have by it stays as it is.',
    answer: templateView,
  })
  async retireTemplate(@Param({ schema: templateParams }) { templateId }: TemplateParams, @Req() request: FastifyRequest) {
    const { template } = await this.services.deviceModel.retireTemplate({ templateId, idempotencyKey: idempotencyKey(request) });
    if (template === undefined) throw notFound(`Template ${templateId}`);
    return toTemplate(template);
  }
}
