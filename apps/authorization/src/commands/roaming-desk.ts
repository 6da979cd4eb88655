import {
  mayRoam,
  type RoamingAnswer,
  type RoamingAuthorizer,
  type RoamingQuestion,
  tokenKey,
  type Verdict,
} from '@voltlog/authorization-domain';
import { type Clock, isoTime } from '@voltlog/kernel';
import { BoundedCache } from '@voltlog/store';
import type { Logger } from '@voltlog/telemetry';

/** Answers kept; the ones asked for least lately go first. */
const ANSWERS_MAX = 20_000;
/** A token that no partner knows is asked for again after so long, milliseconds. */
const UNKNOWN_MS = 60_000;

export interface RoamingOptions {
  /** A station waits for an answer, so this is short: at most 3 s. Milliseconds. */
  readonly deadlineMs: number;
  /** How long an answer stands that does not say so itself, milliseconds. */
  readonly cacheMs: number;
  /** While the provider is away: `accept-known` lets in whom it let in within `staleMs`, `reject` nobody. */
  readonly away: 'reject' | 'accept-known';
  readonly staleMs: number;
}

interface Kept {
  /** undefined: no partner knows the token. */
  readonly answer: RoamingAnswer | undefined;
  readonly atMs: number;
}

/**
 * What an answer depends on: the same digits are another token as an RFID card than as an eMAID, and a provider may allow one location and
 * not another (OCPI 2.2.1 mod_tokens LocationReferences). Not on the EVSE: a start asks what its card was just asked about.
 */
const keyOf = ({ type, idToken, siteId, stationId }: RoamingQuestion): string =>
  JSON.stringify([type, tokenKey(idToken), siteId === '' ? stationId : '', siteId]);

/** Asks the providers of tokens that are not ours: with a deadline, a bounded memory, and a rule for when they are away. */
export class RoamingDesk {
  private readonly answers = new BoundedCache<Kept>(ANSWERS_MAX);
  private readonly asked = new Map<string, Promise<Kept | undefined>>();

  constructor(
    private readonly authorizer: RoamingAuthorizer | undefined,
    private readonly options: RoamingOptions,
    private readonly clock: Clock,
    private readonly logger: Pick<Logger, 'warn'>,
  ) {}

  /** True for a token that a provider may know; then {@link ask}. */
  isFor(type: string): boolean {
    return this.authorizer !== undefined && mayRoam(type);
  }

  /** @returns undefined: no partner knows the token */
  async ask(question: RoamingQuestion): Promise<Verdict | undefined> {
    const key = keyOf(question);
    const kept = this.answers.get(key);
    if (kept !== undefined && this.clock.now() - kept.atMs < this.freshMs(kept)) return this.verdict(kept);
    let asking = this.asked.get(key);
    if (asking === undefined) {
      asking = this.fetch(key, question).finally(() => this.asked.delete(key));
      this.asked.set(key, asking);
    }
    const fresh = await asking;
    if (fresh !== undefined) return this.verdict(fresh);
    const isKnown = kept?.answer?.allowed === true && this.clock.now() - kept.atMs < this.options.staleMs;
    return this.options.away === 'accept-known' && isKnown
      ? { status: 'Accepted', reason: 'RoamingUnavailable', ...told(kept.answer) }
      : { status: 'Unknown', reason: 'RoamingUnavailable' };
  }

  /** undefined: no answer in time. */
  private async fetch(key: string, question: RoamingQuestion): Promise<Kept | undefined> {
    const stop = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        stop.abort();
        reject(new Error(`no answer within ${this.options.deadlineMs} ms`));
      }, this.options.deadlineMs);
    });
    try {
      const answer = await Promise.race([this.authorizer?.authorize(question, stop.signal), late]);
      const kept = { answer, atMs: this.clock.now() };
      this.answers.set(key, kept);
      return kept;
    } catch (error) {
      this.logger.warn({ err: error, station_id: question.stationId }, 'the provider of a roaming token could not be asked');
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  private verdict(kept: Kept): Verdict | undefined {
    const { answer } = kept;
    if (answer === undefined) return undefined;
    if (!answer.allowed) return { status: answer.status === 'Accepted' ? 'Invalid' : answer.status, reason: 'RoamingRefused' };
    return { status: 'Accepted', reason: 'RoamingAccepted', cacheExpiresAt: isoTime(kept.atMs + this.freshMs(kept)), ...told(answer) };
  }

  private freshMs({ answer }: Kept): number {
    return answer === undefined ? UNKNOWN_MS : (answer.cacheMs ?? this.options.cacheMs);
  }
}

const told = ({ groupId, contractId, limit }: RoamingAnswer): Pick<Verdict, 'groupId' | 'contractId' | 'limit'> => ({
  ...(groupId === undefined ? {} : { groupId }),
  ...(contractId === undefined ? {} : { contractId }),
  ...(limit === undefined ? {} : { limit }),
});
