import { Controller, Get, HttpCode, Inject, type OnModuleInit, Param, Post, Query, Req, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { ApiExcludeController } from '@nestjs/swagger';
import { RequestError } from '@voltlog/kernel';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../auth/access.js';
import { RateLimit, tooMany } from '../auth/rate-limit.js';
import type { GatewayConfig } from '../config.js';
import { clientAddress } from '../driver/client-address.js';
import { Services } from '../services.js';
import { UNSUBSCRIBE_WORDS, type UnsubscribeWords } from './unsubscribe-words.js';

const BURST = 30;
const PER_SECOND = 1;
const CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const STYLE = `:root { color-scheme: light dark; font: 17px/1.5 system-ui, sans-serif }
body { display: grid; min-height: 90vh; margin: 0; padding: 1.5rem; place-items: center }
main { max-width: 26rem } h1 { margin: 0 0 .5rem; font-size: 1.4rem }
button { width: 100%; min-height: 3rem; margin-top: 1rem; border: 0; border-radius: 12px; background: #0a6b4a; color: #fff; font: inherit; font-weight: 600; cursor: pointer }
button:focus-visible { outline: 3px solid Highlight; outline-offset: 2px }
`;

/**
 * Where the link of an e-mail leads. Opening it only asks, since mail readers and virus scanners open links by themselves; what is posted
 * acts at once, with or without a person.
 *
 * Source: RFC 8058 §3.2
 */
@Public()
@ApiExcludeController()
@Controller('unsubscribe')
export class UnsubscribeController implements OnModuleInit {
  private readonly limit = new RateLimit(BURST, PER_SECOND);

  constructor(
    private readonly services: Services,
    private readonly host: HttpAdapterHost<FastifyAdapter>,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {}

  /** A mail reader may send its one word as a form of either kind; the address says it all. Source: RFC 8058 §3.1. */
  onModuleInit(): void {
    const server = this.host.httpAdapter.getInstance();
    if (!server.hasContentTypeParser('multipart/form-data'))
      server.addContentTypeParser('multipart/form-data', { parseAs: 'buffer', bodyLimit: 10_000 }, (_request, _body, done) =>
        done(null, {}),
      );
  }

  @Get('unsubscribe.css')
  style(@Res() reply: FastifyReply): FastifyReply {
    return reply.type('text/css; charset=utf-8').send(STYLE);
  }

  @Get(':token')
  ask(@Query('lang') language: string | undefined, @Res() reply: FastifyReply): FastifyReply {
    const words = wordsOf(language);
    return show(reply, words, { title: words.askTitle, text: words.askText, button: words.askButton });
  }

  @Post(':token')
  @HttpCode(200)
  async act(
    @Param('token') token: string,
    @Query('lang') language: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<FastifyReply> {
    const { allowed, resetSeconds } = this.limit.take(clientAddress(request, this.config.trustedProxies), this.context.clock.now());
    if (!allowed) throw tooMany(resetSeconds);
    const words = wordsOf(language);
    try {
      await this.services.notification.unsubscribe({ token });
    } catch (error) {
      if (!(error instanceof RequestError) || error.code !== 'NOT_FOUND') throw error;
      return show(reply.status(404), words, { title: words.unknownTitle, text: words.unknownText });
    }
    return show(reply, words, { title: words.doneTitle, text: words.doneText });
  }
}

const wordsOf = (language: string | undefined): UnsubscribeWords =>
  UNSUBSCRIBE_WORDS.find(({ lang }) => lang === language) ?? UNSUBSCRIBE_WORDS[0];

interface Shown {
  readonly title: string;
  readonly text: string;
  readonly button?: string;
}

/** Nothing of the request stands in the page: the form posts to the address it was opened at. */
function show(reply: FastifyReply, { lang }: UnsubscribeWords, { title, text, button }: Shown): FastifyReply {
  const form = button === undefined ? '' : `<form method="post"><button>${button}</button></form>`;
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .send(`<!doctype html>
<html lang="${lang}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<title>${title}</title><link rel="stylesheet" href="/unsubscribe/unsubscribe.css"></head>
<body><main><h1>${title}</h1><p>${text}</p>${form}</main></body>
</html>
`);
}
