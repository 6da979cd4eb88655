import { CallBook, type Frame, type OcppError, type OutgoingCall } from '@voltlog/ocpp-rpc';
import type { Dialect } from '../edge/actions.js';
import { triggeredBy } from '../edge/not-accepted.js';

/** Commands that wait for the one in flight; a slow station takes 30 s for each. */
export const CALLS_QUEUED_MAX = 16;

/** Milliseconds a station must have left to answer a call that comes out of the queue. */
const SEND_MS_MIN = 50;

/** What became of one CALL down. */
export type Reply =
  | { readonly kind: 'answered'; readonly messageId: string; readonly payload: unknown; readonly latencyMs: number }
  | {
      readonly kind: 'refused';
      readonly messageId: string;
      readonly code: string;
      readonly description: string;
      readonly latencyMs: number;
    }
  /** Answered with something its schema does not allow. */
  | { readonly kind: 'unreadable'; readonly messageId: string; readonly why: string; readonly payload: unknown; readonly latencyMs: number }
  /** It is not known whether the station acted. */
  | { readonly kind: 'unanswered'; readonly messageId: string; readonly latencyMs: number }
  /** Never sent. */
  | { readonly kind: 'unsent'; readonly why: 'full' | 'expired' | 'disconnected' }
  /** Never sent: there was no way to the station. */
  | { readonly kind: 'unreachable'; readonly why: string };

/** A CALL on its way. */
export interface OutgoingMessage {
  readonly messageId: string;
  readonly action: string;
  readonly payload: object;
  /** By our clock; then nobody waits any more. */
  readonly deadlineMs: number;
}

/** What carries calls to a station. */
export interface CallLine {
  readonly dialect: Dialect;
  readonly closed: boolean;
  /** Actions we asked it to call. */
  triggered: Set<string> | undefined;
  transmit(call: OutgoingMessage): void;
  /** Its answer broke the schema. */
  resultRefused(messageId: string, error: OcppError): void;
  note(message: string, details: object): void;
}

interface Pending {
  resolve(reply: Reply): void;
  sentAtMs: number;
  timer: NodeJS.Timeout | undefined;
}

/** Calls towards one station, one in flight. Made with the station's first command. */
export class StationCalls {
  private readonly book = new CallBook<Pending>(CALLS_QUEUED_MAX);

  constructor(
    private readonly station: CallLine,
    private readonly now: () => number,
  ) {}

  /** The request must have passed its schema. Never rejects. */
  call(request: {
    readonly messageId: string;
    readonly action: string;
    readonly payload: object;
    readonly timeoutMs: number;
  }): Promise<Reply> {
    return new Promise((resolve) => {
      const { messageId, action, payload, timeoutMs } = request;
      const pending: Pending = { resolve, sentAtMs: 0, timer: undefined };
      const call: OutgoingCall<Pending> = { messageId, action, payload, deadlineMs: this.now() + timeoutMs, context: pending };
      const taken = this.station.closed ? 'closed' : this.book.offer(call);
      if (taken === 'closed' || taken === 'full') {
        resolve({ kind: 'unsent', why: taken === 'full' ? 'full' : 'disconnected' });
        return;
      }
      // Only an open command has a timer; there are few, and their deadlines should be kept to the millisecond.
      pending.timer = setTimeout(() => this.expire(call.deadlineMs), timeoutMs);
      if (taken === 'send') this.transmit(call);
    });
  }

  /** A CALLRESULT or CALLERROR; a late one is ignored. */
  answered(frame: Frame): void {
    if (frame.kind === 'callResultError') {
      this.station.note('the station could not read an answer of ours', { code: frame.code, description: frame.description });
      return;
    }
    const settled = this.book.settle(frame.messageId);
    if ('ignored' in settled) {
      this.station.note('a late or unknown answer was ignored', { reason: settled.ignored });
      return;
    }
    const { call } = settled;
    const latencyMs = this.latency(call);
    if (frame.kind === 'callError')
      this.finish(call, { kind: 'refused', messageId: call.messageId, code: frame.code, description: frame.description, latencyMs });
    else if (frame.kind === 'callResult') this.check(call, frame.payload, latencyMs);
  }

  /** An answer that was no readable frame. @returns whether a call in flight was settled by it */
  failed(messageId: string, why: string): boolean {
    const settled = this.book.settle(messageId);
    if ('ignored' in settled) return false;
    this.finish(settled.call, { kind: 'unreadable', messageId, why, payload: undefined, latencyMs: this.latency(settled.call) });
    return true;
  }

  /** It could not be sent after all. */
  undelivered(messageId: string, why: string): void {
    const settled = this.book.settle(messageId);
    if (!('ignored' in settled)) this.finish(settled.call, { kind: 'unreachable', why });
  }

  /** It was sent, and its answer will not come. */
  lost(messageId: string): void {
    const settled = this.book.settle(messageId);
    if (!('ignored' in settled)) this.finish(settled.call, this.unanswered(settled.call));
  }

  disconnected(): void {
    for (const { call, sent } of this.book.drain())
      this.settle(call, sent ? this.unanswered(call) : { kind: 'unsent', why: 'disconnected' });
  }

  private check(call: OutgoingCall<Pending>, payload: unknown, latencyMs: number): void {
    const error = this.station.dialect.protocol.checkResponse(call.action, payload);
    if (error === undefined) {
      this.finish(call, { kind: 'answered', messageId: call.messageId, payload, latencyMs });
      return;
    }
    this.station.resultRefused(call.messageId, error);
    this.finish(call, { kind: 'unreadable', messageId: call.messageId, why: `${error.code}: ${error.message}`, payload, latencyMs });
  }

  private expire(deadlineMs: number): void {
    for (const { call, sent } of this.book.expire(Math.max(this.now(), deadlineMs)))
      this.settle(call, sent ? this.unanswered(call) : { kind: 'unsent', why: 'expired' });
    this.sendNext();
  }

  private unanswered(call: OutgoingCall<Pending>): Reply {
    return { kind: 'unanswered', messageId: call.messageId, latencyMs: this.latency(call) };
  }

  private finish(call: OutgoingCall<Pending>, reply: Reply): void {
    this.settle(call, reply);
    this.sendNext();
  }

  private settle(call: OutgoingCall<Pending>, reply: Reply): void {
    clearTimeout(call.context.timer);
    this.station.dialect.sent(call.action, reply.kind).value += 1;
    call.context.resolve(reply);
  }

  /** A call about to expire is not sent: nobody would be there for its answer. */
  private sendNext(): void {
    for (let call = this.book.next(); call !== undefined; call = this.book.next()) {
      if (call.deadlineMs - this.now() >= SEND_MS_MIN) {
        this.transmit(call);
        return;
      }
      this.book.settle(call.messageId);
      this.settle(call, { kind: 'unsent', why: 'expired' });
    }
  }

  private transmit(call: OutgoingCall<Pending>): void {
    call.context.sentAtMs = this.now();
    const triggered = triggeredBy(call.action, call.payload);
    if (triggered !== undefined) {
      this.station.triggered ??= new Set();
      this.station.triggered.add(triggered);
    }
    this.station.transmit(call);
  }

  private latency(call: OutgoingCall<Pending>): number {
    return this.now() - call.context.sentAtMs;
  }
}
