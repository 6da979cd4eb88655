import type { LedgerEntry } from '../ledger.js';
import type { SimulationClock } from '../time/clock.js';
import type { Timer } from '../time/timer-heap.js';
import type { BootReason, CommandOutcome, Dialect } from './dialect.js';
import { Link, type LinkHost, type LinkOptions, type Loss, type OutgoingCall } from './link.js';
import { type Answer, errorFrame, type Payload, resultFrame } from './protocol.js';
import { Registration, type RegistrationHost } from './registration.js';
import type { Settings } from './settings.js';
import { type TransactionMessage, TransactionQueue } from './transaction-queue.js';
import { Waiters } from './waiters.js';

/** The station behind a line. */
export interface LineHost {
  readonly clock: SimulationClock;
  readonly settings: Settings;
  bootPayload(reason: BootReason): Payload;
  command(action: string, payload: Payload): CommandOutcome;
  /** The CSMS accepted the boot, or the connection is back without one. */
  registered(): void;
  /** The CSMS told its time, ISO 8601. */
  timeTold(currentTime: string): void;
  transactionAnswered(message: TransactionMessage, answer: Payload): void;
  /** Given up after too many errors. */
  transactionAbandoned(message: TransactionMessage, code: string): void;
  observe(event: LineEvent): void;
}

export type LineEvent =
  | { readonly type: 'frame'; readonly direction: 'in' | 'out'; readonly text: string }
  | { readonly type: 'connected' | 'registered' }
  /** `status`: of HTTP, where the CSMS does not let the station in. */
  | { readonly type: 'disconnected' | 'refused'; readonly reason: string; readonly status?: number };

export interface LineOptions extends Omit<LinkOptions, 'subprotocol'> {
  readonly retryIds: 'same' | 'new';
  readonly bootOnReconnect: boolean;
}

/** A call that was sent, to be sent again by a test. */
export interface Sent {
  readonly messageId: string;
  readonly payload: Payload;
  /** Absent while it is under way. */
  answer?: Answer;
  /** What the CSMS said to an earlier try whose answer was lost. */
  readonly unread?: Payload;
}

let lines = 0;

/**
 * What goes over a station's socket and when: boot until accepted, then calls and heartbeats, then what the transaction queue holds,
 * one at a time. Ordinary calls are lost with the socket; queued messages are repeated until they are answered.
 */
export class Line implements LinkHost, RegistrationHost {
  readonly queue = new TransactionQueue();
  private readonly link: Link;
  private readonly prefix: string;
  private count = 0;
  private calls: OutgoingCall[] = [];
  private readonly registration: Registration;
  private retryTimer: Timer | undefined;
  private readonly waiters = new Waiters();
  private readonly sent = new Map<string, Sent>();
  private readonly sentCounts = new Map<string, number>();
  /** How often each action was commanded. */
  readonly commanded = new Map<string, number>();
  private readonly ignored = new Map<string, number>();
  private interposed: Map<string, readonly [string, Payload]> | undefined;

  constructor(
    private readonly options: LineOptions,
    private readonly dialect: Dialect,
    private readonly host: LineHost,
  ) {
    this.registration = new Registration(host.clock, host.settings, dialect, this);
    this.link = new Link({ ...options, subprotocol: dialect.subprotocol }, host.clock, this);
    lines += 1;
    // Rises over restarts too, so that ids of an earlier life are never used again.
    this.prefix = `${Date.now().toString(36)}${lines.toString(36)}`;
  }

  get isOpen(): boolean {
    return this.link.isOpen;
  }

  get isRegistered(): boolean {
    return this.link.isOpen && this.registration.isAccepted;
  }

  /** Nothing under way, nothing to send but what is held back. */
  get isIdle(): boolean {
    return !this.link.isBusy && this.calls.length === 0 && this.queue.head === undefined && !this.registration.isHeartbeatDue;
  }

  connect(): void {
    this.registration.begin();
    this.link.connect();
  }

  disconnect(how: 'orderly' | 'broken'): void {
    this.link.disconnect(how);
  }

  dropConnection(): void {
    this.link.drop('broken');
  }

  /** The station starts anew: it has to be accepted again. */
  restart(reason: BootReason): void {
    this.registration.require(reason);
    this.dropCalls('the station rebooted');
  }

  /** Ends all timers. */
  close(): void {
    this.registration.disconnected();
    this.host.clock.cancel(this.retryTimer);
    this.link.disconnect('orderly');
    this.dropCalls('the station was switched off');
  }

  /** Sends a CALL when its turn comes; lost at once when the station is not connected and accepted. */
  call(action: string, payload: Payload, messageId = this.nextId()): Promise<Answer> {
    return new Promise((settle) => {
      if (!this.isRegistered) {
        settle({ kind: 'lost', reason: 'not connected' });
        return;
      }
      this.calls.push({ messageId, action, payload, settle });
      this.link.pump();
    });
  }

  /** Sends the last CALL of the action again, as it was but for what the test changes. */
  async repeatLast(action: string, change: { readonly id: 'same' | 'new'; readonly payload?: Payload }): Promise<Answer> {
    const last = this.sent.get(action);
    if (last === undefined) throw new Error(`no ${action} was sent yet`);
    return await this.call(action, { ...last.payload, ...change.payload }, change.id === 'same' ? last.messageId : this.nextId());
  }

  /** The last CALL of the action and its answer. */
  last(action: string): Sent | undefined {
    return this.sent.get(action);
  }

  timesSent(action: string): number {
    return this.sentCounts.get(action) ?? 0;
  }

  /** Sends what was queued, when it may be sent. */
  flush(): void {
    this.link.pump();
    this.waiters.changed();
  }

  heartbeat(): void {
    this.registration.heartbeat();
  }

  scheduleHeartbeat(): void {
    this.registration.scheduleHeartbeat();
  }

  bootAgain(): void {
    this.registration.require('Triggered');
    this.link.pump();
  }

  sendRaw(frame: string | Uint8Array): void {
    if (typeof frame === 'string') this.link.send(frame);
    else this.link.sendBinary(frame);
  }

  loseNextAnswer(action: string, loss: Loss): void {
    this.link.loseNextAnswer(action, loss);
  }

  /** The next commands of this action are lost: neither done nor answered. */
  ignoreCommands(action: string, count: number): void {
    this.ignored.set(action, count);
  }

  /** The next command of this action is answered only after a CALL of the station got its own answer. */
  callBeforeAnswering(command: string, action: string, payload: Payload): void {
    this.interposed ??= new Map();
    this.interposed.set(command, [action, payload]);
  }

  /** Resolves when the condition holds; looked at whenever anything changes on this line. */
  until(holds: () => boolean): Promise<void> {
    return this.waiters.until(holds);
  }

  // ---- the link asks ----

  nextCall(): OutgoingCall | undefined {
    if (!this.registration.isAccepted) return this.boot();
    const call = this.calls.shift() ?? (this.registration.takeHeartbeat() ? this.heartbeatCall() : this.transactionCall());
    if (call === undefined) return undefined;
    const sent = this.remember(call);
    const settle = (answer: Answer): void => {
      sent.answer = answer;
      call.settle(answer);
      this.waiters.changed();
    };
    return { messageId: call.messageId, action: call.action, payload: call.payload, settle };
  }

  linkOpened(): void {
    this.host.observe({ type: 'connected' });
    this.registration.connected(this.options.bootOnReconnect);
    this.waiters.changed();
  }

  linkClosed(reason: string, status: number | undefined): void {
    this.dropCalls('the socket closed');
    this.registration.disconnected();
    this.host.observe({ type: 'disconnected', reason, ...(status === undefined ? {} : { status }) });
    this.waiters.changed();
  }

  linkRefused(reason: string, status: number | undefined): void {
    this.host.observe({ type: 'refused', reason, ...(status === undefined ? {} : { status }) });
    this.waiters.changed();
  }

  commandArrived(messageId: string, action: string, payload: Payload): void {
    this.commanded.set(action, (this.commanded.get(action) ?? 0) + 1);
    const ignored = this.ignored.get(action) ?? 0;
    if (ignored > 0) {
      this.ignored.set(action, ignored - 1);
      this.waiters.changed();
      return;
    }
    const first = this.interposed?.get(action);
    if (first === undefined) {
      this.answer(messageId, action, payload);
      return;
    }
    this.interposed?.delete(action);
    void this.call(first[0], first[1]).then(() => this.answer(messageId, action, payload));
  }

  frame(direction: 'in' | 'out', text: string): void {
    this.host.observe({ type: 'frame', direction, text });
  }

  private answer(messageId: string, action: string, payload: Payload): void {
    const { answer, then } = this.host.command(action, payload);
    this.link.send('payload' in answer ? resultFrame(messageId, answer.payload) : errorFrame(messageId, answer.error, answer.description));
    then?.();
    this.waiters.changed();
  }

  private remember(call: OutgoingCall): Sent {
    const before = this.sent.get(call.action)?.answer;
    const unread = before?.kind === 'lost' ? before.unread : undefined;
    const sent: Sent = { messageId: call.messageId, payload: call.payload, ...(unread === undefined ? {} : { unread }) };
    this.sent.set(call.action, sent);
    this.sentCounts.set(call.action, this.timesSent(call.action) + 1);
    return sent;
  }

  // ---- boot and heartbeat ----

  /** The CSMS has accepted the station. */
  accepted(): void {
    this.host.registered();
    this.host.observe({ type: 'registered' });
    this.link.pump();
  }

  due(): void {
    this.link.pump();
  }

  timeTold(currentTime: string): void {
    this.host.timeTold(currentTime);
  }

  private boot(): OutgoingCall | undefined {
    const reason = this.registration.takeBoot();
    if (reason === undefined) return undefined;
    const settle = (answer: Answer): void => {
      sent.answer = answer;
      this.registration.booted(answer);
      this.waiters.changed();
    };
    const call: OutgoingCall = { messageId: this.nextId(), action: 'BootNotification', payload: this.host.bootPayload(reason), settle };
    const sent = this.remember(call);
    return call;
  }

  private heartbeatCall(): OutgoingCall {
    return { messageId: this.nextId(), action: 'Heartbeat', payload: {}, settle: (answer) => this.registration.told(answer) };
  }

  // ---- the transaction queue ----

  private transactionCall(): OutgoingCall | undefined {
    const message = this.queue.head;
    if (message === undefined || this.retryTimer !== undefined) return undefined;
    const messageId = this.options.retryIds === 'same' && message.messageId !== undefined ? message.messageId : this.nextId();
    message.messageId = messageId;
    const payload = this.dialect.completed(message.payload, message.entry);
    return { messageId, action: message.action, payload, settle: (answer) => this.transactionSettled(message, answer) };
  }

  /**
   * A lost answer means again; an error counts, and after `TransactionMessageAttempts` of them the message is given up
   * (OCPP 1.6 §3.7.1 and §9.1.28-29, OCPP 2.0.1 Part 2 E13.FR.01-03).
   */
  private transactionSettled(message: TransactionMessage, answer: Answer): void {
    if (answer.kind === 'lost') return;
    if (answer.kind === 'result') {
      this.queue.remove(message);
      this.host.transactionAnswered(message, answer.payload);
      return;
    }
    const { settings, clock } = this.host;
    message.errors += 1;
    if (message.errors >= settings.number(this.dialect.names.attempts, 3)) {
      this.queue.remove(message);
      this.host.transactionAbandoned(message, answer.code);
      return;
    }
    const seconds = settings.number(this.dialect.names.retryInterval, 60) * message.errors;
    this.retryTimer = clock.after(seconds * 1000, () => {
      this.retryTimer = undefined;
      this.link.pump();
    });
  }

  /** Whether messages wait, about this transaction or about any. */
  hasQueued(matches: (entry: LedgerEntry) => boolean): boolean {
    return this.queue.some((message) => matches(message.entry));
  }

  private dropCalls(reason: string): void {
    for (const call of this.calls.splice(0)) call.settle({ kind: 'lost', reason });
  }

  private nextId(): string {
    this.count += 1;
    return `${this.prefix}-${this.count.toString(36)}`;
  }
}
