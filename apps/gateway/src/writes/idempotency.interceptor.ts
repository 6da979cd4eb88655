import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor, type OnModuleInit } from '@nestjs/common';
import { isoTime } from '@voltlog/kernel';
import { SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { Collection } from '@voltlog/store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Schema } from 'mongoose';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { callerOf } from '../auth/access.js';
import { invalid, Problem, toProblem } from '../problems/problem.js';
import { open, seal, sealingKey } from './seal.js';

/** Hours an answer is kept for its key. */
const KEPT_MS = 24 * 3_600_000;
/** Milliseconds a key stays taken without a sign of life of who took it: a process that died holds nobody up for longer. */
export const LEASE_MS = 20_000;
/** Milliseconds between two signs of life; most writes have ended before the first. */
export const RENEW_MS = 5_000;
/** Milliseconds between cleanings. */
const CLEAN_EVERY_MS = 600_000;
const KEY_LENGTH_MAX = 128;
const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const KEPT_HEADERS = ['etag', 'location'] as const;

interface KeptAnswer {
  readonly id: string;
  readonly bodyHash: string;
  readonly state: 'running' | 'done';
  /** The answer, encrypted so that only the key that asked can read it. */
  readonly sealed?: string;
  readonly at: string;
  readonly version: number;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Set when the answer was a problem. */
  readonly problem?: { readonly slug: string; readonly detail: string; readonly extensions: Readonly<Record<string, unknown>> };
}

const keptSchema = new Schema(
  {
    _id: String,
    bodyHash: { type: String, required: true },
    state: { type: String, required: true },
    sealed: String,
    at: { type: String, required: true },
    version: { type: Number, required: true },
  },
  { versionKey: false },
).index({ at: 1 });

/**
 * A write with an `Idempotency-Key` acts once: the same key again gives the first answer.
 *
 * Source: draft-ietf-httpapi-idempotency-key-header-06 §2.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor, OnModuleInit {
  private answers: Collection<KeptAnswer> | undefined;
  private cleanedAt = 0;

  constructor(@Inject(SERVICE_CONTEXT) private readonly context: ServiceContext) {}

  async onModuleInit(): Promise<void> {
    this.answers = await this.context.store.collection<KeptAnswer>('idempotentAnswers', keptSchema);
  }

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = execution.switchToHttp().getRequest<FastifyRequest>();
    const key = request.headers['idempotency-key'];
    // A file is no body to tell another one from, and an import may be repeated anyhow.
    if (key === undefined || !WRITES.has(request.method) || request.body instanceof Readable) return next.handle();
    return from(this.once(String(key), request, execution.switchToHttp().getResponse<FastifyReply>(), next));
  }

  private async once(key: string, request: FastifyRequest, reply: FastifyReply, next: CallHandler): Promise<unknown> {
    if (key === '' || key.length > KEY_LENGTH_MAX) {
      throw invalid('The Idempotency-Key is empty or too long', [
        { in: 'header', pointer: '/Idempotency-Key', message: `1 to ${KEY_LENGTH_MAX} characters` },
      ]);
    }
    const id = hash(`${callerOf(request).keyId}\n${request.method} ${request.url}\n${key}`);
    const sealing = sealingKey(request.headers.authorization ?? '', key);
    const { mine, earlier } = await this.claim(id, hash(JSON.stringify(request.body ?? null)));
    if (earlier?.sealed !== undefined) return replay(open<Answer>(earlier.sealed, sealing), reply);
    const lease = this.renew(mine);
    let body: unknown;
    try {
      body = await lastValueFrom(next.handle(), { defaultValue: undefined });
    } catch (error) {
      await lease.end();
      const problem = toProblem(error);
      if (actedForCertainNot(problem, request.url)) await this.collection.delete([id]);
      else
        await this.keep(id, sealing, {
          status: problem.status,
          headers: {},
          body: undefined,
          problem: { slug: problem.slug, detail: problem.detail, extensions: problem.more.extensions ?? {} },
        });
      throw problem;
    }
    await lease.end();
    await this.keep(id, sealing, { status: reply.statusCode, headers: keptHeaders(reply), body });
    return body;
  }

  /** Never rejects: the write has happened. An answer that cannot be kept leaves the key taken, so that a repetition does not act at once. */
  private async keep(id: string, sealing: Buffer, answer: Answer): Promise<void> {
    try {
      await this.finish(id, seal(answer, sealing));
    } catch (error) {
      this.context.logger.error({ err: error }, 'the answer to a write with an Idempotency-Key could not be kept');
    }
  }

  /** Takes the key, or gives what was answered to it. */
  private async claim(id: string, bodyHash: string): Promise<{ readonly mine: KeptAnswer; readonly earlier?: KeptAnswer }> {
    const now = this.context.clock.now();
    await this.clean(now);
    const mine: KeptAnswer = { id, bodyHash, state: 'running', at: isoTime(now), version: 1 };
    const [taken] = await this.collection.upsert([{ doc: mine, expectedVersion: 0 }]);
    if (taken === true) return { mine };
    const earlier = await this.collection.get(id);
    if (earlier === undefined) throw concurrent();
    if (earlier.bodyHash !== bodyHash) throw new Problem(422, 'idempotency-key-reused', 'This Idempotency-Key was used with another body.');
    if (earlier.state === 'done') return { mine, earlier };
    if (earlier.at > isoTime(now - LEASE_MS)) throw concurrent();
    const again = { ...mine, version: earlier.version + 1 };
    const [retaken] = await this.collection.upsert([{ doc: again, expectedVersion: earlier.version }]);
    if (retaken !== true) throw concurrent();
    return { mine: again };
  }

  /** Keeps a key taken for as long as its write is under way here. */
  private renew(taken: KeptAnswer): { end(): Promise<void> } {
    let mine = taken;
    let writing = Promise.resolve();
    const renewal = async (): Promise<void> => {
      const doc = { ...mine, at: isoTime(this.context.clock.now()), version: mine.version + 1 };
      const [written] = await this.collection.upsert([{ doc, expectedVersion: mine.version }]);
      if (written === true) mine = doc;
    };
    const timer = setInterval(() => {
      writing = writing.then(renewal).catch((error: unknown) => {
        this.context.logger.warn({ err: error }, 'the lease of an Idempotency-Key could not be renewed');
      });
    }, RENEW_MS);
    return {
      end: () => {
        clearInterval(timer);
        return writing;
      },
    };
  }

  private async finish(id: string, sealed: string): Promise<void> {
    const claimed = await this.collection.get(id);
    if (claimed === undefined) return;
    await this.collection.upsert([{ doc: { ...claimed, state: 'done', sealed, version: claimed.version + 1 } }]);
  }

  private async clean(now: number): Promise<void> {
    if (now - this.cleanedAt < CLEAN_EVERY_MS) return;
    this.cleanedAt = now;
    await this.collection.deleteWhere({ at: { $lt: isoTime(now - KEPT_MS) } });
  }

  private get collection(): Collection<KeptAnswer> {
    if (this.answers === undefined) throw new Error('IdempotencyInterceptor is used before onModuleInit');
    return this.answers;
  }
}

/**
 * Nothing happened, or the service behind keeps the key itself: the same key may try again. A 504 may have acted, so it is kept; so may
 * a command whose service went away after it was sent, and that service keeps no keys.
 */
function actedForCertainNot({ status }: Problem, url: string): boolean {
  if (status === 400 || status === 429) return true;
  return (status === 500 || status === 503) && !url.includes('/commands/');
}

const concurrent = (): Problem =>
  new Problem(409, 'idempotency-key-in-use', 'A request with this Idempotency-Key is under way.', { headers: { 'retry-after': '1' } });

function replay(answer: Answer, reply: FastifyReply): unknown {
  void reply.header('idempotency-replayed', 'true');
  if (answer.problem !== undefined)
    throw new Problem(answer.status, answer.problem.slug, answer.problem.detail, { extensions: answer.problem.extensions });
  void reply.status(answer.status).headers(answer.headers);
  return answer.body;
}

function keptHeaders(reply: FastifyReply): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = reply.getHeader(name);
    if (typeof value === 'string') kept[name] = value;
  }
  return kept;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
