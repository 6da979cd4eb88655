import type { CommandOutcome } from './dialect.js';
import { numberAt, type Payload, textAt } from './protocol.js';
import { saidUntilHeard } from './said-until-heard.js';
import type { SimulatedStation } from './station.js';

const LINES = 500;
const RETRIES_MAX = 10;
const TIMEOUT_MS = 60_000;

interface Order {
  readonly url: string;
  readonly retries: number;
  readonly retrySeconds: number;
  readonly requestId: number | undefined;
}

/** Logs as a simulated station uploads them: by PUT, for real. */
export class LogUpload {
  private readonly stopped = new AbortController();
  /** Lines of the log; more make a larger file. */
  lines = LINES;

  constructor(private readonly station: SimulatedStation) {}

  /** GetDiagnostics of 1.6: `location` is a folder (OCPP 1.6 §5.9). */
  diagnostics(payload: Payload): CommandOutcome {
    const fileName = this.fileName('diagnostics');
    const location = (textAt(payload, 'location') ?? '').replace(/\/+$/, '');
    const order = { ...toOrder(payload), url: `${location}/${fileName}`, requestId: undefined };
    return { answer: { payload: { fileName } }, then: () => this.begin(order) };
  }

  /** GetLog of 2.x and of the security whitepaper of 1.6. Source: OCPP 2.0.1 Part 2 N01 */
  log(payload: Payload): CommandOutcome {
    const fileName = this.fileName(textAt(payload, 'logType') === 'SecurityLog' ? 'security' : 'diagnostics');
    const url = textAt(payload, 'log', 'remoteLocation') ?? '';
    const order = { ...toOrder(payload), url, requestId: numberAt(payload, 'requestId') };
    return { answer: { payload: { status: 'Accepted', filename: fileName } }, then: () => this.begin(order) };
  }

  stop(): void {
    this.stopped.abort();
  }

  private begin(order: Order): void {
    void this.upload(order).catch(() => undefined);
  }

  private async upload(order: Order): Promise<void> {
    await this.say(order, 'Uploading');
    for (let left = order.retries; ; left -= 1) {
      if (await this.put(order.url)) return this.say(order, 'Uploaded');
      // 1.6 has another word for it in diagnostics.
      if (left <= 0) return this.say(order, order.requestId === undefined ? 'UploadFailed' : 'UploadFailure');
      await new Promise<void>((resolve) => this.station.clock.afterWall(order.retrySeconds * 1_000, resolve));
    }
  }

  private async put(url: string): Promise<boolean> {
    try {
      const signal = AbortSignal.any([this.stopped.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const response = await fetch(url, { method: 'PUT', headers: { 'content-type': 'text/plain' }, body: this.content(), signal });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }

  private async say({ requestId }: Order, status: string): Promise<void> {
    const [action, payload] =
      requestId === undefined ? ['DiagnosticsStatusNotification', { status }] : ['LogStatusNotification', { status, requestId }];
    await saidUntilHeard(this.station, action, payload, this.stopped.signal);
  }

  private content(): string {
    const at = this.station.timestamp();
    return Array.from({ length: this.lines }, (_, line) => `${at} ${this.station.id} line ${line + 1}: nothing to report\n`).join('');
  }

  private fileName(what: string): string {
    return `${this.station.id.replaceAll(/[^\w-]/g, '_')}-${what}.log`;
  }
}

const toOrder = (payload: Payload) => ({
  retries: Math.min(RETRIES_MAX, numberAt(payload, 'retries') ?? 0),
  retrySeconds: numberAt(payload, 'retryInterval') ?? 1,
});
