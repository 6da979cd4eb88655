import type { VendorFinding, VendorInquiry } from '@voltlog/connection-translation';
import type { Clock } from '@voltlog/kernel';
import { type GuardOptions, guardedFetch, hostOf, type SealedSecrets, type SecretBox, webhookSignature } from '@voltlog/outbound';
import { BoundedCache } from '@voltlog/store';
import type { Logger, Metrics } from '@voltlog/telemetry';
import { z } from 'zod';

/** Bytes of a handler's answer; a station is told its data in one frame. */
const ANSWER_BYTES_MAX = 64 * 1_024;
/** Questions on their way to one host at once; more are not asked. */
export const ASKED_AT_ONCE_MAX = 64;
/** A host that failed so often in a row is left alone for a while, so that stations do not wait for nothing. */
export const FAILURES_IN_A_ROW_MAX = 5;
export const REST_MS = 10_000;
/** Hosts that are remembered; those that were not asked lately are forgotten. */
const HOSTS_MAX = 1_000;

/** OCPP 2.1 DataTransferStatusEnumType */
const answerSchema = z.object({
  status: z.enum(['Accepted', 'Rejected', 'UnknownMessageId', 'UnknownVendorId']),
  data: z.unknown().optional(),
});

/** A message of a station that somebody outside is asked about. */
export interface HandlerQuestion {
  readonly url: string;
  readonly secrets: SealedSecrets;
  readonly stationId: string;
  readonly inquiry: VendorInquiry;
  /** Of the message's fact: `webhook-id`, by which a handler finds it on the log. */
  readonly factId: string;
}

interface Host {
  asked: number;
  failures: number;
  restsUntilMs: number;
}

/** Asks the webhooks that answer for a vendor; whoever does not answer is not waited for. */
export class Handlers {
  private readonly hosts = new BoundedCache<Host>(HOSTS_MAX);
  private readonly outcomes: Readonly<Record<'answered' | 'failed' | 'not_asked', { value: number }>>;

  constructor(
    private readonly box: SecretBox,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly options: GuardOptions & { readonly metrics: Metrics },
  ) {
    const count = (outcome: string) =>
      options.metrics.counter('voltlog_data_transfer_handlers_total', 'Handlers of vendor data that were to be asked, by what came of it', {
        outcome,
      });
    this.outcomes = { answered: count('answered'), failed: count('failed'), not_asked: count('not_asked') };
  }

  /** @returns what the handler says; undefined: it says nothing, in time or at all */
  async ask(question: HandlerQuestion): Promise<VendorFinding | undefined> {
    const host = this.hostOf(question.url);
    if (host.asked >= ASKED_AT_ONCE_MAX || host.restsUntilMs > this.clock.now()) {
      this.outcomes.not_asked.value += 1;
      return undefined;
    }
    host.asked += 1;
    try {
      const finding = await this.answerOf(question);
      host.failures = 0;
      this.outcomes.answered.value += 1;
      return finding;
    } catch (error) {
      this.failed(host, question, error);
      return undefined;
    } finally {
      host.asked -= 1;
    }
  }

  /** @throws whatever is wrong with it: what is outside may be wrong in every way */
  private async answerOf({ url, secrets, stationId, inquiry, factId }: HandlerQuestion): Promise<VendorFinding> {
    const { vendorId, messageId, data, ocppVersion, receivedAt } = inquiry;
    const said = { stationId, ocppVersion, vendorId, messageId, receivedAt, ...(data === undefined ? {} : { data }) };
    const body = JSON.stringify({ type: 'data-transfer', timestamp: receivedAt, data: said });
    const signature = webhookSignature(this.box, secrets, { id: factId, atMs: this.clock.now(), body });
    const answer = await guardedFetch(
      { method: 'POST', url, headers: { 'content-type': 'application/json', 'user-agent': 'Voltlog-Webhooks/1', ...signature }, body },
      { ...this.options, bytesMax: ANSWER_BYTES_MAX },
    );
    if (answer.status !== 200) throw new Error(`the handler answered ${answer.status}`);
    const { status, data: told } = answerSchema.parse(JSON.parse(answer.body.toString('utf8')));
    // What is nested so deep that it cannot be written is the handler's failure, and not that of the answer to the station.
    JSON.stringify(told);
    return { status, ...(told === undefined || told === null ? {} : { data: told }) };
  }

  private failed(host: Host, { url, stationId, inquiry }: HandlerQuestion, error: unknown): void {
    this.outcomes.failed.value += 1;
    host.failures += 1;
    // The next one tries again, and one failure more is enough to rest anew.
    if (host.failures >= FAILURES_IN_A_ROW_MAX) host.restsUntilMs = this.clock.now() + REST_MS;
    this.logger.warn(
      { err: error, station_id: stationId, vendor_id: inquiry.vendorId, handler: hostOf(new URL(url)) },
      'the handler of a data transfer gave no answer; the station gets the registered one',
    );
  }

  private hostOf(url: string): Host {
    const { host: name } = new URL(url);
    const known = this.hosts.get(name);
    if (known !== undefined) return known;
    const host: Host = { asked: 0, failures: 0, restsUntilMs: 0 };
    this.hosts.set(name, host);
    return host;
  }
}
