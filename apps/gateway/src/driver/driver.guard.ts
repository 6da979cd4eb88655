import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  HttpCode,
  Inject,
  Injectable,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiExtension, ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Public, setCaller } from '../auth/access.js';
import { RateLimit, tooMany } from '../auth/rate-limit.js';
import type { GatewayConfig } from '../config.js';
import { Problem } from '../problems/problem.js';
import { clientAddress } from './client-address.js';
import { DriverLimits } from './driver-limits.js';

/** Requests of one address: many phones share one behind a mobile network's translation. */
const ADDRESS_BURST = 240;
const ADDRESS_PER_SECOND = 20;
/** Requests with one link: a page that reads, watches and sets a limit. */
const LINK_BURST = 60;
const LINK_PER_SECOND = 2;
/** Starts and reservations of one address, whichever instances are asked: each takes a connector from others. */
const BEGIN = { burst: 12, perSecond: 0.2 };
/** An idempotency key stands for whoever made it, so nobody may guess one. */
const IDEMPOTENCY_KEY_MIN = 22;

/** Metadata key of what begins something. */
const BEGINS = 'voltlog:driver-begins';
/** A header that no other page's form can send: the browser asks first, and is told no. */
export const DRIVER_HEADER = 'voltlog-driver';

/** Lets anybody in who does not ask too often; a write must come from a page of ours or from a program. */
@Injectable()
export class DriverGuard implements CanActivate {
  private readonly addresses = new RateLimit(ADDRESS_BURST, ADDRESS_PER_SECOND);
  private readonly byLink = new RateLimit(LINK_BURST, LINK_PER_SECOND);

  constructor(
    private readonly reflector: Reflector,
    private readonly limits: DriverLimits,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {}

  canActivate(execution: ExecutionContext): boolean | Promise<boolean> {
    const request = execution.switchToHttp().getRequest<FastifyRequest>();
    const address = clientAddress(request, this.config.trustedProxies);
    this.count(this.addresses, address);
    const { key } = request.params as { readonly key?: string };
    if (key !== undefined) this.count(this.byLink, key);
    if (request.method === 'GET') return true;
    if (request.headers[DRIVER_HEADER] === undefined)
      throw new Problem(403, 'driver-header-missing', `Send the header ${DRIVER_HEADER}: 1 with every write.`);
    const idempotencyKey = request.headers['idempotency-key'];
    if (idempotencyKey !== undefined && String(idempotencyKey).length < IDEMPOTENCY_KEY_MIN)
      throw new Problem(
        400,
        'idempotency-key-guessable',
        `An Idempotency-Key here has at least ${IDEMPOTENCY_KEY_MIN} characters of chance.`,
      );
    setCaller(request, { keyId: 'driver', name: 'driver', role: 'viewer' });
    return this.reflector.get<boolean | undefined>(BEGINS, execution.getHandler()) !== true || this.mayBegin(address);
  }

  private async mayBegin(address: string): Promise<true> {
    await this.limits.take('begin', BEGIN, address);
    return true;
  }

  private count(limit: RateLimit, whose: string): void {
    const { allowed, resetSeconds } = limit.take(whose, this.context.clock.now());
    if (!allowed) throw tooMany(resetSeconds);
  }
}

interface DriverRoute {
  readonly summary: string;
  readonly description?: string;
  readonly answer: z.ZodType;
  readonly status?: number;
  /** It starts or reserves something, so it is counted more strictly. */
  readonly begins?: boolean;
  readonly write?: boolean;
}

/** What a route for drivers promises: no API key, a limit by address and by link. */
export const DriverRoute = (route: DriverRoute) =>
  applyDecorators(
    Public(),
    UseGuards(DriverGuard),
    SetMetadata(BEGINS, route.begins ?? false),
    HttpCode(route.status ?? 200),
    ApiExtension('x-role', 'public'),
    ApiOperation({ summary: route.summary, ...(route.description === undefined ? {} : { description: route.description }) }),
    ApiResponse({ status: route.status ?? 200, description: 'OK', standardSchema: route.answer }),
    ...(route.write === true
      ? [
          ApiHeader({ name: 'Voltlog-Driver', required: true, description: 'any value', schema: { type: 'string' } }),
          ApiHeader({
            name: 'Idempotency-Key',
            required: false,
            description: 'Random, for each wish of the driver: the same key again gives the first answer and acts no second time.',
            schema: { type: 'string', minLength: IDEMPOTENCY_KEY_MIN, maxLength: 128 },
          }),
        ]
      : []),
  );
