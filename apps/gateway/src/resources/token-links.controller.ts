import { Body, Controller, Delete, Get, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { authorizationV1 } from '@voltlog/proto';
import { SERVICE_CONFIG } from '@voltlog/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { GatewayConfig } from '../config.js';
import { type DriverLink, DriverLinks } from '../driver/driver-links.js';
import { publicUrl } from '../driver/public-url.js';
import { notFound } from '../problems/problem.js';
import { Services } from '../services.js';
import { instant } from '../views/common.js';
import { tokenParams, tokenTypeQuery } from '../views/token.view.js';
import { Read, Write } from '../web/route.js';

const DAY_MS = 24 * 3_600_000;
/** Links of a token that a list shows. */
const LINKS_MAX = 200;

/** The type of the token; absent: whatever it is. */
const anyType = tokenTypeQuery.shape.type.unwrap().optional();

const newLink = z
  .strictObject({
    type: anyType,
    label: z.string().max(60).default('').meta({ description: 'what the driver calls it, e.g. the name of the contract' }),
    validDays: z.int().min(1).max(400).default(90),
  })
  .meta({ id: 'NewTokenLink' });

const linkFields = { linkId: z.string(), label: z.string().nullable(), createdAt: instant, expiresAt: instant };
const linkView = z.object(linkFields).meta({ id: 'TokenLink' });
const madeLink = z
  .object({ ...linkFields, link: z.string().meta({ description: 'whoever has it charges with this token; shown this once' }) })
  .meta({ id: 'MadeTokenLink' });
const linkList = z.object({ data: z.array(linkView) }).meta({ id: 'TokenLinkList' });
const linkQuery = z.object({ type: anyType });
const linkParams = tokenParams.extend({ linkId: z.string().regex(/^[A-Za-z0-9_-]{43}$/) });

/** Links by which a driver charges with a contract from the driver page, without typing anything. */
@ApiTags('tokens')
@Controller('v1/tokens/:idToken/links')
export class TokenLinksController {
  constructor(
    private readonly services: Services,
    private readonly links: DriverLinks,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {}

  @Post()
  @Write({ role: 'operator', summary: 'Make a link that charges with an ID token', status: 201, answer: madeLink })
  async makeTokenLink(
    @Param({ schema: tokenParams }) { idToken }: z.output<typeof tokenParams>,
    @Body({ schema: newLink }) body: z.output<typeof newLink>,
    @Req() request: FastifyRequest,
  ) {
    const token = await this.tokenOf(idToken, body.type);
    const { key, link } = await this.links.give(
      {
        kind: 'Contract',
        idToken: token.idToken,
        idTokenType: token.type,
        ...(body.label === '' ? {} : { label: body.label }),
      },
      body.validDays * DAY_MS,
    );
    return { ...toLink(link), link: `${publicUrl(this.config, request)}/l/${key}` };
  }

  @Get()
  @Read({ role: 'operator', summary: 'The links of an ID token', answer: linkList })
  async listTokenLinks(
    @Param({ schema: tokenParams }) { idToken }: z.output<typeof tokenParams>,
    @Query({ schema: linkQuery }) { type }: z.output<typeof linkQuery>,
  ) {
    return { data: (await this.links.ofToken(await this.tokenOf(idToken, type), LINKS_MAX)).map(toLink) };
  }

  @Delete(':linkId')
  @Write({ role: 'operator', summary: 'Take a link back', answer: z.object({}).meta({ id: 'Nothing' }) })
  async revokeTokenLink(
    @Param({ schema: linkParams }) { idToken, linkId }: z.output<typeof linkParams>,
    @Query({ schema: linkQuery }) { type }: z.output<typeof linkQuery>,
  ) {
    if (!(await this.links.revoke(await this.tokenOf(idToken, type), linkId))) throw notFound('The link');
    return {};
  }

  /** The token as it is written, whatever the case of what was asked for. @throws {Problem} 404 when it is of another type */
  private async tokenOf(idToken: string, type: string | undefined): Promise<authorizationV1.IdToken> {
    const { token } = await this.services.authorization.getToken({ idToken: { idToken, type: type ?? '' } });
    if (token?.idToken === undefined || (type !== undefined && token.idToken.type !== type)) throw notFound('The ID token');
    return token.idToken;
  }
}

/** The id of a link is the hash of its key, which opens nothing. */
const toLink = (link: DriverLink): z.input<typeof linkView> => ({
  linkId: link.id,
  label: link.label ?? null,
  createdAt: link.createdAt,
  expiresAt: link.expiresAt,
});
