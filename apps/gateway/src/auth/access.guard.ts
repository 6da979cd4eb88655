import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config.js';
import { EventTickets } from '../live/event-tickets.js';
import { Problem, unauthenticated } from '../problems/problem.js';
import { NEEDED_ROLE, PUBLIC, setCaller } from './access.js';
import { allows, type Role } from './api-key.js';
import { ApiKeys, type Caller } from './api-keys.js';
import { RateLimit } from './rate-limit.js';

/** Wrong keys one address may show at once, and how many more each second: guessing is hopeless, a typo is not punished. */
const WRONG_KEYS_BURST = 30;
const WRONG_KEYS_PER_SECOND = 1;
const EVENTS_ROUTE = '/v1/events';

/** Lets in who shows a key with enough of a role and has not asked too often. Guards every route that is not marked as public: the
 * address is no judge, since it can be spelled in many ways. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly limit: RateLimit;
  private readonly wrongKeys = new RateLimit(WRONG_KEYS_BURST, WRONG_KEYS_PER_SECOND);

  constructor(
    private readonly reflector: Reflector,
    private readonly keys: ApiKeys,
    private readonly tickets: EventTickets,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) config: GatewayConfig,
  ) {
    this.limit = new RateLimit(config.rateLimitBurst, config.rateLimitPerSecond);
  }

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const request = execution.switchToHttp().getRequest<FastifyRequest>();
    const targets = [execution.getHandler(), execution.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, targets) === true) return true;
    const caller = await this.identify(request);
    this.count(caller, execution.switchToHttp().getResponse<FastifyReply>());
    const needed = this.reflector.getAllAndOverride<Role | undefined>(NEEDED_ROLE, targets) ?? 'admin';
    if (!allows(caller.role, needed))
      throw new Problem(403, 'forbidden', `This needs the role ${needed}; the key "${caller.name}" has ${caller.role}.`);
    setCaller(request, caller);
    return true;
  }

  private async identify(request: FastifyRequest): Promise<Caller> {
    const header = request.headers.authorization;
    if (header === undefined && request.routeOptions.url === EVENTS_ROUTE) return this.byTicket(request);
    if (header === undefined) throw unauthenticated('Send your API key: Authorization: Bearer voltlog_live_...');
    const [scheme, key] = header.split(' ', 2);
    const caller = scheme?.toLowerCase() === 'bearer' && key !== undefined ? await this.keys.identify(key) : undefined;
    if (caller === undefined) throw this.refuse(request, 'This API key is not valid, or was revoked.');
    return caller;
  }

  private async byTicket(request: FastifyRequest): Promise<Caller> {
    const ticket = new URL(request.url, 'http://gateway').searchParams.get('access_token');
    if (ticket === null) throw unauthenticated('Send your API key as a header, or a ticket of POST /v1/event-tickets as ?access_token=.');
    const caller = await this.tickets.use(ticket);
    if (caller === undefined) throw this.refuse(request, 'This ticket was used before, is too old, or was never given.');
    return caller;
  }

  private refuse(request: FastifyRequest, detail: string): Problem {
    const verdict = this.wrongKeys.take(request.ip, this.context.clock.now());
    return verdict.allowed ? unauthenticated(detail) : tooMany(verdict.resetSeconds);
  }

  private count(caller: Caller, reply: FastifyReply): void {
    const verdict = this.limit.take(caller.keyId, this.context.clock.now());
    void reply
      .header('ratelimit-policy', this.limit.policy)
      .header('ratelimit', `"default";r=${verdict.remaining};t=${verdict.resetSeconds}`);
    if (!verdict.allowed) throw tooMany(verdict.resetSeconds);
  }
}

const tooMany = (seconds: number): Problem =>
  new Problem(429, 'rate-limited', `Too many requests; try again in ${seconds} s.`, { headers: { 'retry-after': String(seconds) } });
