import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { maskText } from '../live/mask.js';
import { instant } from '../views/common.js';
import { DriverRoute } from './driver.guard.js';
import { DriverLinks, LINK_KEY_PATTERN } from './driver-links.js';

const keyParams = z.object({
  key: z
    .string()
    .max(64)
    .meta({ description: 'what stands behind `/l/` in the link that the driver was given', pattern: LINK_KEY_PATTERN.source }),
});
const contractView = z
  .object({
    label: z.string().nullable(),
    idToken: z.string().meta({ description: 'masked' }),
    expiresAt: instant.meta({ description: 'of the link' }),
  })
  .meta({ id: 'DriverContract' });

@ApiTags('driver')
@Controller('driver/v1/contracts/:key')
export class DriverContractsController {
  constructor(private readonly links: DriverLinks) {}

  @Get()
  @DriverRoute({ summary: 'What a link to a contract stands for', answer: contractView })
  async getDriverContract(@Param({ schema: keyParams }) { key }: z.output<typeof keyParams>): Promise<z.input<typeof contractView>> {
    const link = await this.links.open(key, 'Contract');
    return { label: link.label ?? null, idToken: maskText(link.idToken ?? ''), expiresAt: link.expiresAt };
  }
}
