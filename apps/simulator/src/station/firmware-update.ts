import { createHash, createVerify, type Hash, X509Certificate } from 'node:crypto';
import type { CommandOutcome } from './dialect.js';
import { isObject, numberAt, type Payload, textAt } from './protocol.js';
import { saidUntilHeard } from './said-until-heard.js';
import type { SimulatedStation } from './station.js';

/** `installs` and says so; `dies`: restarts in the middle and says nothing; `lies`: says all is done and does nothing; `hangs` after Downloading. */
export type FirmwareConduct = 'installs' | 'dies' | 'lies' | 'hangs';

/** Real ms that an installation takes. */
const INSTALL_MS = 300;
/** Characters of the first line of an image at most. */
const HEAD_MAX = 200;
const STALL_MS = 30_000;
const RETRIES_MAX = 10;

interface Order {
  readonly location: string;
  readonly retrieveAt: string | undefined;
  readonly installAt: string | undefined;
  readonly signature: string | undefined;
  readonly signingCertificate: string | undefined;
  readonly retries: number;
  readonly retrySeconds: number;
  /** Unsigned 1.6 has none. */
  readonly requestId: number | undefined;
}

interface Image {
  readonly version: string;
  /** What its first line says of the rest; undefined: nothing. */
  readonly isWhole: boolean | undefined;
  readonly isSigned: boolean;
}

/** Firmware as a simulated station updates it: it fetches the image for real, checks it, restarts, and boots with its version. */
export class FirmwareUpdate {
  private stopped = new AbortController();
  private busy = false;

  constructor(
    private readonly station: SimulatedStation,
    private readonly conduct: FirmwareConduct,
  ) {}

  /** UpdateFirmware of 1.6, which is answered by nothing (OCPP 1.6 §5.19). */
  ordered16(payload: Payload): CommandOutcome {
    const order = { ...toOrder(payload, payload), requestId: undefined, retrieveAt: textAt(payload, 'retrieveDate') };
    return { answer: { payload: {} }, then: () => this.begin(order) };
  }

  /** SignedUpdateFirmware of 1.6 and UpdateFirmware of 2.x. Source: OCPP 2.0.1 Part 2 L01 */
  ordered(payload: Payload): CommandOutcome {
    const firmware = isObject(payload['firmware']) ? payload['firmware'] : {};
    const order = toOrder(payload, firmware);
    if (order.signingCertificate !== undefined && certificateOf(order.signingCertificate) === undefined)
      return { answer: { payload: { status: 'InvalidCertificate' } } };
    return { answer: { payload: { status: this.busy ? 'AcceptedCanceled' : 'Accepted' } }, then: () => this.begin(order) };
  }

  /** The station is switched off. */
  stop(): void {
    this.stopped.abort();
  }

  /** A newer order takes the place of one that is under way. */
  private begin(order: Order): void {
    this.stopped.abort();
    this.stopped = new AbortController();
    const { signal } = this.stopped;
    this.busy = true;
    void this.update(order, signal)
      .catch(() => undefined)
      .finally(() => {
        if (this.stopped.signal === signal) this.busy = false;
      });
  }

  private async update(order: Order, signal: AbortSignal): Promise<void> {
    if (this.conduct === 'lies') return this.lie(order);
    await this.until(order.retrieveAt, () => this.say(order, 'DownloadScheduled'), signal);
    await this.say(order, 'Downloading');
    if (this.conduct === 'hangs') return;
    const image = await this.fetched(order, signal);
    if (image === undefined) return this.say(order, 'DownloadFailed');
    await this.say(order, 'Downloaded');
    if (order.signature !== undefined && !image.isSigned) return this.say(order, 'InvalidSignature');
    if (order.signature !== undefined) await this.say(order, 'SignatureVerified');
    await this.until(order.installAt, () => this.say(order, 'InstallScheduled'), signal);
    await this.say(order, 'Installing');
    await this.pause(INSTALL_MS, signal);
    if (this.conduct === 'dies') return this.station.reboot('PowerLoss');
    // Unsigned 1.6 has no word for it.
    if (image.isWhole === false) return this.say(order, order.requestId === undefined ? 'InstallationFailed' : 'InstallVerificationFailed');
    if (order.requestId !== undefined) await this.say(order, 'InstallRebooting');
    this.station.runs(image.version);
    await this.station.reboot('Reboot', this.station.version === '1.6' ? 'PowerUp' : 'FirmwareUpdate');
    await this.say(order, 'Installed');
  }

  private async lie(order: Order): Promise<void> {
    for (const status of ['Downloading', 'Downloaded', 'Installing', 'Installed']) await this.say(order, status);
    await this.station.reboot('Reboot');
  }

  private async fetched(order: Order, signal: AbortSignal): Promise<Image | undefined> {
    for (let left = order.retries; ; left -= 1) {
      try {
        return await download(order, signal);
      } catch {
        if (left <= 0 || signal.aborted) return undefined;
        await this.pause(order.retrySeconds * 1_000, signal);
      }
    }
  }

  private async say({ requestId }: Order, status: string): Promise<void> {
    const { station } = this;
    const action = station.version === '1.6' && requestId !== undefined ? 'SignedFirmwareStatusNotification' : 'FirmwareStatusNotification';
    await saidUntilHeard(station, action, { status, ...(requestId === undefined ? {} : { requestId }) }, this.stopped.signal);
  }

  private async until(at: string | undefined, announce: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const waitMs = Date.parse(at ?? '') - Date.now();
    if (!(waitMs > 0)) return;
    await announce();
    await this.pause(waitMs, signal);
  }

  /** Real ms: the server that has the file knows no other time. @throws when a newer order came, or the station is switched off */
  private pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.station.clock.afterWall(ms, resolve);
      signal.addEventListener('abort', () => {
        this.station.clock.cancel(timer);
        reject(new Error('it was called off'));
      });
    });
  }
}

function toOrder(payload: Payload, firmware: Payload): Order {
  return {
    location: textAt(firmware, 'location') ?? '',
    retrieveAt: textAt(firmware, 'retrieveDateTime'),
    installAt: textAt(firmware, 'installDateTime'),
    signature: textAt(firmware, 'signature'),
    signingCertificate: textAt(firmware, 'signingCertificate'),
    retries: Math.min(RETRIES_MAX, numberAt(payload, 'retries') ?? 0),
    retrySeconds: numberAt(payload, 'retryInterval') ?? 1,
    requestId: numberAt(payload, 'requestId'),
  };
}

const certificateOf = (pem: string): X509Certificate | undefined => {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
};

/**
 * Fetches the image piece by piece. Its first line may be `version=<version>`, and behind a space `sha256=<hex>` of all that follows the line;
 * without one the version is what looks like one in the name of the file.
 *
 * @throws when it cannot be had as a whole
 */
async function download({ location, signature, signingCertificate }: Order, signal: AbortSignal): Promise<Image> {
  const response = await fetch(location, { signal: AbortSignal.any([signal, AbortSignal.timeout(STALL_MS)]) });
  if (!response.ok || response.body === null) throw new Error(`the image was answered ${response.status}`);
  const head = new Head();
  const verifier = createVerify('sha256');
  for await (const piece of response.body) {
    head.take(piece);
    if (signature !== undefined) verifier.update(piece);
  }
  const key = certificateOf(signingCertificate ?? '')?.publicKey;
  const isSigned = signature !== undefined && key !== undefined && verifier.verify(key, signature, 'base64');
  const { version, isWhole } = head.read();
  return { version: version ?? versionIn(location), isWhole, isSigned };
}

/** The first line of an image, and the hash of what is behind it. */
class Head {
  private line: Buffer | undefined = Buffer.alloc(0);
  private text = '';
  private readonly rest: Hash = createHash('sha256');

  take(piece: Uint8Array): void {
    if (this.line === undefined) return void this.rest.update(piece);
    this.line = Buffer.concat([this.line, piece]);
    const end = this.line.indexOf('\n');
    if (end === -1 && this.line.length < HEAD_MAX) return;
    this.text = this.line.subarray(0, end === -1 ? 0 : Math.min(end, HEAD_MAX)).toString('latin1');
    this.rest.update(this.line.subarray(end + 1));
    this.line = undefined;
  }

  read(): { readonly version: string | undefined; readonly isWhole: boolean | undefined } {
    const text = this.line === undefined ? this.text : this.line.toString('latin1');
    const [, version, sha256] = /^version=(\S{1,50})(?: sha256=([0-9a-f]{64}))?$/.exec(text.trim()) ?? [];
    return { version, isWhole: sha256 === undefined ? undefined : this.rest.digest('hex') === sha256 };
  }
}

const versionIn = (location: string): string => /\d+(?:\.\d+)+/.exec(location.split('/').at(-1) ?? '')?.[0] ?? 'unknown';

/** Whether a word is a conduct. */
export const isFirmwareConduct = (word: string): word is FirmwareConduct => ['installs', 'dies', 'lies', 'hangs'].includes(word);
