import type { StationMake } from '@voltlog/connection-contract';
import { hash128, type ShownToken, type TransactionLimit } from '@voltlog/connection-translation';
import { isoTime } from '@voltlog/kernel';
import {
  answerToBadFrame,
  type BadFrame,
  type Call,
  type CallRate,
  encodeCall,
  encodeCallError,
  encodeCallResult,
  encodeCallResultError,
  InternalError,
  MESSAGE_TYPE,
  type OcppError,
  parseFrame,
  type Send,
  takeCall,
} from '@voltlog/ocpp-rpc';
import type { RawData, WebSocket } from 'ws';
import type { Offers } from '../commands/offers.js';
import type { CallLine, OutgoingMessage, StationCalls } from '../commands/station-calls.js';
import type { FrameSource } from '../frames/frame-log.js';
import { ofMake } from '../quirks/known-quirks.js';
import { mended } from '../quirks/tolerance.js';
import type { Tape } from '../recording/tape.js';
import type { Dialect } from './actions.js';
import { contextOf, type ReceivedCall, serveCall } from './call-road.js';
import type { CallingStation } from './calling-station.js';
import { CLOSE, type CloseReason } from './close.js';
import { refusalOf } from './not-accepted.js';
import { OcppWebSocket } from './ocpp-web-socket.js';
import type { AdmittedStation, BootAnswer, EdgeParts } from './parts.js';

/** Calls that wait behind the one in work before the socket is no longer read. */
const QUEUE_PAUSE = 8;
/** Only what one read of the kernel's buffer holds comes after reading stopped; a station beyond this waits for no answer at all. */
export const QUEUE_MAX = 2_048;
/** Answers a station does not read. */
const UNREAD_BYTES_MAX = 1_048_576;

/**
 * One station on one socket. No timer, no closure and, while it is idle, no queue of its own: ten thousand of these are normal.
 *
 * Calls are worked on one at a time in the order they came; while one is in work at most a few wait, then the socket is not read. A call
 * is answered only after its facts are on the log. Heartbeats carry no fact and are answered at once, also while a call waits for the log.
 */
export class StationSocket implements CallingStation, CallLine, CallRate, FrameSource {
  epoch = 0;
  /** Told to be outdated while its epoch was not known yet: a lower one than this is. */
  fencedBelow = 0;
  heardAtMs: number;
  readonly connectedAtMs: number;
  closed = false;
  /** Made with the first command. */
  calls: StationCalls | undefined = undefined;
  /** Made with the first limit that is offered. */
  limits: Offers<TransactionLimit> | undefined = undefined;
  costs: Offers<number> | undefined = undefined;
  /** {@link CallRate} */
  tokens: number;
  /** {@link CallRate} */
  atMs: number;
  /** {@link FrameSource} */
  frameWindow = 0;
  /** {@link FrameSource} */
  framesKept = 0;
  /** Undefined: it is not recorded. */
  tape: Tape | undefined = undefined;
  /** How far its clock is behind ours, as far as is known; only of 1.6. */
  clockBehindMs = 0;
  shownToken: ShownToken | undefined = undefined;
  /** Actions we asked it to call: a 2.x station in quarantine may call no others. */
  triggered: Set<string> | undefined = undefined;
  /** What its last boot on this socket was answered; undefined: it did not boot here. */
  told: BootAnswer['status'] | undefined = undefined;
  /** Whether its calls are worked on: from when its presence is known. */
  begun = false;
  private readAgainAtMs = 0;
  private working = true;
  private paused = false;
  private queue: ReceivedCall[] | undefined = undefined;
  /** When the call in work began to wait for the log; 0: it does not. */
  private loggingSinceMs = 0;
  private loggingMoney = false;
  private pingedAtMs = 0;
  private lastMessageId = '';
  private lastText = '';
  private lastAnswer = '';

  constructor(
    readonly socket: OcppWebSocket,
    readonly dialect: Dialect,
    public station: AdmittedStation,
    readonly edge: EdgeParts,
  ) {
    const now = edge.clock.now();
    this.connectedAtMs = now;
    this.heardAtMs = now;
    this.tokens = edge.limits.rate.callsBurst;
    this.atMs = now;
    socket.station = this;
    socket.on('message', onMessage);
    socket.on('pong', onHeard);
    socket.on('ping', onHeard);
    socket.on('close', onClose);
    socket.on('error', onError);
  }

  get stationId(): string {
    return this.station.stationId;
  }

  /** Begins to work on calls: once the station's presence is known. Until then they wait. */
  begin(): void {
    this.begun = true;
    this.working = false;
    this.next();
  }

  received(data: RawData, isBinary: boolean): void {
    if (this.closed) return;
    const now = this.edge.clock.now();
    this.heardAtMs = now;
    if (isBinary) {
      this.close(CLOSE.binary);
      return;
    }
    const text = data.toString();
    if (this.tape !== undefined) this.tape.frame('station', now, text);
    const frame = parseFrame(text, this.edge.limits.frame, this.dialect.version);
    switch (frame.kind) {
      case 'call':
        this.edge.frames.received(this, now, text, frame.action);
        this.receivedCall(frame, text, now);
        return;
      case 'send':
        this.edge.frames.received(this, now, text, frame.action);
        this.receivedSend(frame, now);
        return;
      case 'bad':
        this.edge.frames.received(this, now, text, '');
        this.receivedBad(frame);
        return;
      default:
        this.edge.frames.received(this, now, text, '');
        if (this.calls === undefined) this.note('an answer to no call was ignored', {});
        else this.calls.answered(frame);
    }
  }

  /** A line for whoever looks for it. */
  note(message: string, details: object): void {
    this.edge.logger.debug({ station_id: this.stationId, ...details }, message);
  }

  /** A ping or pong. */
  heard(): void {
    this.heardAtMs = this.edge.clock.now();
  }

  /** Sends a frame and keeps it for the message log. */
  send(text: string): void {
    const now = this.edge.clock.now();
    this.edge.frames.sent(this, now, text);
    if (this.tape !== undefined) this.tape.frame('csms', now, text);
    this.socket.sendText(text);
  }

  close(reason: CloseReason): void {
    if (this.closed) return;
    // A socket that is not read would never see the other side's close frame.
    if (this.paused) this.socket.resume();
    this.socket.close(reason.code, reason.text);
    this.ended(reason.code, reason.text);
  }

  /** A dead peer answers no close frame. */
  terminate(reason: CloseReason): void {
    if (this.closed) return;
    this.socket.terminate();
    this.ended(reason.code, reason.text);
  }

  /** Once. What is in work goes on, unanswered; what waits was never begun, and the station will repeat it. */
  ended(code: number, reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.queue = undefined;
    this.calls?.disconnected();
    this.tape?.closed(this.edge.clock.now(), code);
    this.edge.closed(this, code, reason);
  }

  /** Whether nothing of the station is in work: it can be closed without leaving a call half done. */
  get quiet(): boolean {
    return !this.working;
  }

  /** Called every second for every station. */
  sweep(now: number): void {
    const { limits } = this.edge;
    const silentMs = now - this.heardAtMs;
    if (silentMs >= limits.deadMs && !this.paused) {
      this.terminate(CLOSE.dead);
      return;
    }
    if (silentMs >= limits.pingMs && now - this.pingedAtMs >= limits.pingMs) {
      this.pingedAtMs = now;
      this.socket.ping();
    }
    if (this.loggingSinceMs !== 0 && this.loggingMoney && now - this.loggingSinceMs >= limits.logWaitMs) {
      this.close(CLOSE.logAway);
      return;
    }
    if (this.socket.bufferedAmount > UNREAD_BYTES_MAX) {
      this.terminate(CLOSE.unread);
      return;
    }
    if (this.paused) this.readAgain(now);
    // An idle station keeps no text of a long message alive.
    if (silentMs > 5_000 && this.lastText.length > 64) this.lastText = digest(this.lastText);
  }

  private receivedCall(call: Call, text: string, now: number): void {
    const waitMs = takeCall(this, now, this.edge.limits.rate);
    if (waitMs > 0) {
      this.readAgainAtMs = now + waitMs;
      this.pause();
    }
    if (call.action === 'Heartbeat') this.heartbeat(call, text, now);
    else if (this.working) this.wait({ call, text, receivedAtMs: now });
    else {
      this.working = true;
      void this.work({ call, text, receivedAtMs: now });
    }
  }

  private wait(waiting: ReceivedCall): void {
    this.queue ??= [];
    const { length } = this.queue;
    if (length >= QUEUE_MAX) {
      this.close(CLOSE.tooManyCalls);
      return;
    }
    this.queue.push(waiting);
    if (length + 1 >= QUEUE_PAUSE) this.pause();
  }

  private pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.socket.pause();
  }

  private readAgain(now: number): void {
    if ((this.queue?.length ?? 0) >= QUEUE_PAUSE || now < this.readAgainAtMs) return;
    this.paused = false;
    this.heardAtMs = now;
    this.socket.resume();
  }

  /** Answered from memory. Source: design §3.2 and §3.4. */
  private heartbeat(call: Call, text: string, now: number): void {
    const broken = this.dialect.protocol.checkCall('Heartbeat', call.payload, 'station');
    const refused = broken === undefined || mended(this, { call, text, receivedAtMs: now }, broken) !== undefined ? undefined : broken;
    const error = refusalOf(this, 'Heartbeat') ?? refused;
    const action = this.dialect.actions.get('Heartbeat');
    if (error !== undefined) {
      if (action !== undefined) action.refused.value += 1;
      this.send(encodeCallError(call.messageId, error));
      return;
    }
    if (action !== undefined) action.answered.value += 1;
    const answer = encodeCallResult(call.messageId, { currentTime: isoTime(now) });
    if (this.tape !== undefined) this.tape.frame('csms', now, answer);
    this.socket.sendText(answer);
  }

  private receivedBad(frame: BadFrame): void {
    this.dialect.unknown.value += 1;
    // What may be the answer to our call settles it: the caller should not wait for another.
    if (frame.messageType !== MESSAGE_TYPE.call && frame.messageId !== undefined) this.calls?.failed(frame.messageId, frame.message);
    const answer = answerToBadFrame(frame, this.dialect.version);
    if (answer !== undefined) this.send(answer);
  }

  /** 2.1 SEND: handled in order like a call, answered by nothing. */
  private receivedSend(frame: Send, now: number): void {
    const error = this.dialect.protocol.checkSend(frame.action, frame.payload, 'station');
    const action = this.dialect.actions.get(frame.action);
    if (error !== undefined || action === undefined) {
      this.dialect.unknown.value += 1;
      return;
    }
    action.answered.value += 1;
    const context = contextOf(this, frame.messageId, frame.action, now);
    for (const fact of action.route.toFacts(frame.payload, context, undefined)) {
      this.edge.facts.appendLater(this.stationId, this.edge.facts.envelope(fact.type, fact.data, frame.messageId, undefined));
    }
  }

  private next(): void {
    if (this.closed || this.working) return;
    const waiting = this.queue?.shift();
    if (waiting === undefined) {
      this.queue = undefined;
      return;
    }
    this.working = true;
    void this.work(waiting);
  }

  /** Never rejects. */
  private async work(waiting: ReceivedCall): Promise<void> {
    try {
      await serveCall(this, waiting);
    } catch (error) {
      this.edge.logger.error({ err: error, station_id: this.stationId, action: waiting.call.action }, 'a call could not be handled');
      // Never a CALLERROR for our own trouble on a transaction message: the station would count it and drop the message (design §3.4).
      if (this.dialect.actions.get(waiting.call.action)?.route.money === true) this.close(CLOSE.failed);
      else this.send(encodeCallError(waiting.call.messageId, new InternalError('')));
    }
    this.loggingSinceMs = 0;
    this.working = false;
    if (this.paused && !this.closed) this.readAgain(this.edge.clock.now());
    this.next();
  }

  /** From when to when the call in work waits for the log; what carries money does not wait for ever. */
  logging(money: boolean): void {
    this.loggingSinceMs = this.edge.clock.now();
    this.loggingMoney = money;
  }

  /** {@link CallingStation} */
  repeated(call: Call, text: string): boolean {
    if (call.messageId !== this.lastMessageId || !this.isLast(text)) return false;
    this.send(this.lastAnswer);
    return true;
  }

  /** The last call is worked on anew when it is repeated: the answer would be another one by now. */
  forgetAnswer(): void {
    this.lastMessageId = '';
    this.lastText = '';
  }

  /** {@link CallingStation} */
  answered(call: Call, text: string, payload: object): void {
    this.answer(call, text, encodeCallResult(call.messageId, payload));
  }

  /** {@link CallingStation} */
  refused(call: Call, text: string, error: OcppError): void {
    this.answer(call, text, encodeCallError(call.messageId, error));
  }

  /** {@link CallingStation} */
  isOfMake(make: StationMake): void {
    this.station = { ...this.station, quirks: ofMake(this.station.quirks, make) };
  }

  /** {@link CallLine} */
  transmit({ messageId, action, payload }: OutgoingMessage): void {
    this.send(encodeCall(messageId, action, payload));
  }

  /** {@link CallLine} Source: OCPP 2.1 Part 4 §4.2.5; older versions have no word for it. */
  resultRefused(messageId: string, error: OcppError): void {
    if (this.dialect.version === 'ocpp2.1') this.send(encodeCallResultError(messageId, error));
  }

  /** Sends the answer and remembers it for a repetition. */
  private answer(call: Call, text: string, answer: string): void {
    if (this.closed) return;
    this.loggingSinceMs = 0;
    this.lastMessageId = call.messageId;
    this.lastText = text;
    this.lastAnswer = answer;
    this.send(answer);
  }

  private isLast(text: string): boolean {
    return this.lastText === text || (this.lastText.charCodeAt(0) === HASH && this.lastText === digest(text));
  }
}

const HASH = '#'.charCodeAt(0);

/** Stands for a text that must be recognised, not kept. */
const digest = (text: string): string => `#${text.length}:${hash128(text).join('.')}`;

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  if (this instanceof OcppWebSocket) this.station?.received(data, isBinary);
}

function onHeard(this: WebSocket): void {
  const station = this instanceof OcppWebSocket ? this.station : undefined;
  if (station !== undefined) station.heard();
}

function onClose(this: WebSocket, code: number, reason: Buffer): void {
  if (this instanceof OcppWebSocket) this.station?.ended(code, reason.toString());
}

/** `close` follows, with the code that says why (1007 invalid UTF-8, 1009 too big, 1002 broken frame). */
function onError(this: WebSocket): void {}
