import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { basicAuth } from '../station/basic-auth.js';
import { callFrame, errorFrame, type Frame, type Payload, readFrame, resultFrame } from '../station/protocol.js';
import { SoapSocket } from '../station/soap-socket.js';
import { differences } from './compare.js';
import type { RecordedAnswer, RecordedLine, Recording } from './recording.js';
import { Today } from './today.js';

/** How long an answer is waited for, ms. */
const ANSWER_MS = 30_000;
/** How long after the last line a CSMS may still ask for what it asked for then, ms. */
const LAST_CALLS_MS = 1_000;

export interface ReplayOptions {
  /** OCPP address without the station id. */
  readonly url: string;
  readonly stationId: string;
  readonly password?: string;
  /** How many times faster than recorded; undefined: one line after the other. */
  readonly speed?: number;
  /** Told of every frame. */
  readonly onFrame?: (direction: 'sent' | 'received', text: string) => void;
}

export interface ReplayResult {
  /** Messages of the station that were answered. */
  readonly said: number;
  /** Answers of the CSMS that are others than they were. */
  readonly differences: readonly { readonly line: number; readonly action: string; readonly difference: string }[];
  /** What the CSMS asked for and the recording has no answer to. */
  readonly unexpected: readonly string[];
  /** What the CSMS asked for then and not now. */
  readonly notAsked: readonly string[];
}

/** Says what a recorded station said and compares what it hears. Lines are counted without the head, from 1. */
export async function replay(recording: Recording, options: ReplayOptions): Promise<ReplayResult> {
  const replaying = new Replaying(recording, options);
  try {
    await replaying.play();
    return replaying.result();
  } finally {
    replaying.close(1000);
  }
}

class Replaying {
  private socket: WebSocket | SoapSocket | undefined;
  /** How the connection broke, where that is told by an error. */
  private broken: Error | undefined;
  private readonly today: Today;
  private readonly began = Date.now();
  private readonly waiting = new Map<string, (answer: RecordedAnswer) => void>();
  /** Recorded answers of the station to what the CSMS asked for, by action, in order. */
  private readonly answers = new Map<string, RecordedAnswer[]>();
  private readonly recordedOf = new Map<string, RecordedAnswer>();
  private readonly found: { line: number; action: string; difference: string }[] = [];
  private readonly unexpected: string[] = [];
  private said = 0;

  constructor(
    private readonly recording: Recording,
    private readonly options: ReplayOptions,
  ) {
    // One id for one recorded id, another with each replay: what was replayed before must not be taken for it.
    const salt = randomUUID();
    const newId = (id: string): string => createHash('sha256').update(`${salt}${id}`).digest('hex').slice(0, 32);
    this.today = new Today(this.began - recording.startedAtMs, newId);
    const asked = new Map<string, string>();
    for (const line of recording.lines) {
      if (line.kind === 'call' && line.from === 'csms') asked.set(line.messageId, line.action);
      if (line.kind !== 'answer') continue;
      if (line.from === 'csms') this.recordedOf.set(line.messageId, line.answer);
      const action = line.from === 'station' ? asked.get(line.messageId) : undefined;
      if (action !== undefined) this.answers.set(action, [...(this.answers.get(action) ?? []), line.answer]);
    }
  }

  async play(): Promise<void> {
    const { lines } = this.recording;
    if (lines[0]?.kind !== 'connect') await this.connect();
    for (const [index, line] of lines.entries()) {
      await this.due(line.ms);
      await this.line(line, index + 1);
    }
    const deadline = Date.now() + LAST_CALLS_MS;
    while (this.left().length > 0 && Date.now() < deadline) await rest(20);
  }

  result(): ReplayResult {
    return { said: this.said, differences: this.found, unexpected: this.unexpected, notAsked: this.left() };
  }

  close(code: number): void {
    const { socket } = this;
    this.socket = undefined;
    // Codes that stand for a connection that was lost cannot be sent.
    if (socket !== undefined && (code === 1000 || (code >= 3000 && code < 5000))) socket.close(code);
    else socket?.terminate();
  }

  private left(): string[] {
    return [...this.answers].flatMap(([action, answers]) => answers.map(() => action));
  }

  private async due(ms: number): Promise<void> {
    const { speed } = this.options;
    if (speed === undefined) return;
    const wait = this.began + ms / speed - Date.now();
    if (wait > 0) await rest(wait);
  }

  private async line(line: RecordedLine, number: number): Promise<void> {
    switch (line.kind) {
      case 'connect':
        if (line.dialect === undefined || this.socket === undefined) await this.connect();
        return;
      case 'close':
        this.close(line.code);
        return;
      case 'call':
        if (line.from === 'station') await this.say(line, number);
        return;
      case 'other':
        if (line.from === 'station' && line.frame !== undefined) this.send(JSON.stringify(line.frame));
        return;
      case 'answer':
        return;
    }
  }

  private async say(line: Extract<RecordedLine, { readonly kind: 'call' }>, number: number): Promise<void> {
    const { action } = line;
    // One that the recording shows no answer to was cut off: the answer now says nothing about then.
    const recorded = this.recordedOf.get(line.messageId);
    const messageId = randomUUID();
    const answer = await this.answerTo(messageId, callFrame(messageId, action, this.today.payload(line.payload)));
    // Over SOAP the first answer says whether the station is let in.
    if (answer === undefined && this.said === 0 && this.broken !== undefined)
      throw new Error(`${this.options.url}: ${this.broken.message}: is the station registered there?`);
    this.said += 1;
    if (recorded === undefined) return;
    if (answer === undefined) {
      this.found.push({ line: number, action, difference: `was answered, is not answered within ${ANSWER_MS / 1_000} s` });
      return;
    }
    if (recorded.kind === 'result' && answer.kind === 'result')
      this.today.gave(recorded.payload['transactionId'], answer.payload['transactionId']);
    for (const difference of differences(recorded, answer)) this.found.push({ line: number, action, difference });
  }

  private answerTo(messageId: string, text: string): Promise<RecordedAnswer | undefined> {
    return new Promise((resolve) => {
      const end = (answer: RecordedAnswer | undefined): void => {
        clearTimeout(timer);
        this.waiting.delete(messageId);
        this.socket?.off('close', gone);
        resolve(answer);
      };
      const gone = (): void => end(undefined);
      const timer = setTimeout(gone, ANSWER_MS);
      this.waiting.set(messageId, end);
      this.socket?.once('close', gone);
      this.send(text);
    });
  }

  /** @throws {Error} when the CSMS does not let the station in */
  private async connect(): Promise<void> {
    this.close(1000);
    const { url, stationId, password } = this.options;
    const authorization = basicAuth(stationId, password);
    const address = `${url.replace(/\/$/, '')}/${encodeURIComponent(stationId)}`;
    const socket = url.startsWith('http')
      ? new SoapSocket({ url: address, stationId, authorization, tls: {}, timeoutMs: ANSWER_MS, demanded: undefined })
      : new WebSocket(address, [this.recording.ocppVersion], {
          headers: authorization === undefined ? {} : { authorization },
          perMessageDeflate: false,
        });
    socket.on('message', (data: unknown) => this.received(socket, String(data)));
    await Promise.race([
      once(socket, 'open'),
      once(socket, 'unexpected-response').then(([, response]: { statusCode?: number }[]) => {
        throw new Error(`${address} was answered ${String(response?.statusCode)}: is the station registered there?`);
      }),
    ]);
    socket.on('error', (error: Error) => {
      this.broken = error;
    });
    this.socket = socket;
  }

  private send(text: string): void {
    this.options.onFrame?.('sent', text);
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(text);
  }

  private received(socket: WebSocket | SoapSocket, text: string): void {
    this.options.onFrame?.('received', text);
    const frame = readFrame(text);
    if (frame === undefined || socket !== this.socket) return;
    if (frame.type === 'call') this.asked(frame);
    else this.waiting.get(frame.messageId)?.(answerOf(frame));
  }

  /** By what the station answered to the same then. */
  private asked({ messageId, action }: Extract<Frame, { readonly type: 'call' }>): void {
    const answer = this.answers.get(action)?.shift();
    if (answer === undefined) {
      this.unexpected.push(action);
      this.send(errorFrame(messageId, 'NotSupported', 'it was not asked for when this was recorded'));
    } else if (answer.kind === 'error') this.send(errorFrame(messageId, answer.code, answer.description));
    else this.send(resultFrame(messageId, this.today.payload(answer.payload)));
  }
}

const answerOf = (frame: Exclude<Frame, { readonly type: 'call' }>): RecordedAnswer =>
  frame.type === 'result'
    ? { kind: 'result', payload: frame.payload as Payload }
    : { kind: 'error', code: frame.code, description: frame.description };

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
