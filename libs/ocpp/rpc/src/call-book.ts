import { LIMITS } from './limits.js';

/** A CALL of ours. `context` is whatever the caller needs to settle it (a resolver, a command id). */
export interface OutgoingCall<Context> {
  readonly messageId: string;
  readonly action: string;
  readonly payload: object;
  /** By the caller's clock; waiting in the queue counts too. */
  readonly deadlineMs: number;
  readonly context: Context;
}

/** Why a result was not matched; worth a log line, never an answer. */
export type IgnoredResult = 'NoCallInFlight' | 'UnknownMessageId';

export type Settled<Context> = { readonly call: OutgoingCall<Context> } | { readonly ignored: IgnoredResult };

export interface Expired<Context> {
  readonly call: OutgoingCall<Context>;
  /** False: it expired in the queue, so the station never saw it. True: what the station did is unknown. */
  readonly sent: boolean;
}

/**
 * Our calls to one station: one in flight, the others wait in arrival order. Plain state: no timers, no callbacks; whoever owns it sends
 * what it is given and sweeps `expire`. Make it with the first command: most stations get none for days.
 *
 * Source: OCPP-J 1.6 §4.1.1, OCPP 2.1 Part 4 §4.1.1 (one CALL at a time, per connection).
 */
export class CallBook<Context> {
  private flying: OutgoingCall<Context> | undefined;
  private waiting: OutgoingCall<Context>[] = [];

  constructor(private readonly maxQueued: number = LIMITS.callsQueued) {}

  /** The call the station has not answered yet. */
  get inFlight(): OutgoingCall<Context> | undefined {
    return this.flying;
  }

  get queued(): number {
    return this.waiting.length;
  }

  /** @returns `send`: send it now; `queued`: it comes out of `next` later; `full`: it was not taken */
  offer(call: OutgoingCall<Context>): 'send' | 'queued' | 'full' {
    if (this.flying === undefined) {
      this.flying = call;
      return 'send';
    }
    if (this.waiting.length >= this.maxQueued) return 'full';
    this.waiting.push(call);
    return 'queued';
  }

  /** Matches a CALLRESULT or CALLERROR. A late answer to an expired call is ignored like any unknown id. Ask `next` afterwards. */
  settle(messageId: string): Settled<Context> {
    const call = this.flying;
    if (call === undefined) return { ignored: 'NoCallInFlight' };
    if (call.messageId !== messageId) return { ignored: 'UnknownMessageId' };
    this.flying = undefined;
    return { call };
  }

  /** The call to send now, which is then in flight; undefined while one is in flight or none waits. */
  next(): OutgoingCall<Context> | undefined {
    if (this.flying !== undefined) return undefined;
    this.flying = this.waiting.shift();
    return this.flying;
  }

  /** Takes out every call whose deadline is reached, the one in flight first. Ask `next` afterwards. */
  expire(nowMs: number): Expired<Context>[] {
    const expired: Expired<Context>[] = [];
    if (this.flying !== undefined && this.flying.deadlineMs <= nowMs) {
      expired.push({ call: this.flying, sent: true });
      this.flying = undefined;
    }
    if (this.waiting.length === 0) return expired;
    this.waiting = this.waiting.filter((call) => {
      if (call.deadlineMs > nowMs) return true;
      expired.push({ call, sent: false });
      return false;
    });
    return expired;
  }

  /** Takes out all calls, as when the socket closes. */
  drain(): Expired<Context>[] {
    return this.expire(Number.POSITIVE_INFINITY);
  }
}
