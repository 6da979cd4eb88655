import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CommandOutcome } from './dialect.js';
import { numberAt, type Payload, textAt } from './protocol.js';
import { saidUntilHeard } from './said-until-heard.js';
import type { SimulatedStation } from './station.js';

/** `publishes`; `fails`: fetches the image and says that it cannot publish it. */
export type PublishConduct = 'publishes' | 'fails';

const FETCH_MS = 30_000;
/** It is kept in memory. */
const IMAGE_BYTES_MAX = 100_000_000;

/** A simulated station as a local controller: it fetches an image for real and serves it to the stations behind it. Source: OCPP 2.0.1 Part 2 L03, L04 */
export class FirmwarePublisher {
  private readonly server: Server = createServer((request, response) => {
    const image = this.images.get(request.url?.split('/')[1] ?? '');
    if (image === undefined) return void response.writeHead(404).end();
    this.fetches += 1;
    response.end(image.bytes);
  });
  private listening: Promise<void> | undefined;
  /** By MD5. */
  private readonly images = new Map<string, { readonly name: string; readonly bytes: Buffer }>();
  private readonly stopped = new AbortController();
  /** How often stations fetched an image from here. */
  fetches = 0;

  constructor(
    private readonly station: SimulatedStation,
    private readonly conduct: PublishConduct,
  ) {}

  publish(payload: Payload): CommandOutcome {
    const location = textAt(payload, 'location') ?? '';
    const checksum = (textAt(payload, 'checksum') ?? '').toLowerCase();
    const requestId = numberAt(payload, 'requestId') ?? 0;
    return {
      answer: { payload: { status: 'Accepted' } },
      then: () => void this.fetched(location, checksum, requestId).catch(() => undefined),
    };
  }

  unpublish(payload: Payload): CommandOutcome {
    const isThere = this.images.delete((textAt(payload, 'checksum') ?? '').toLowerCase());
    return { answer: { payload: { status: isThere ? 'Unpublished' : 'NoFirmware' } } };
  }

  /** The station is switched off. */
  stop(): void {
    this.stopped.abort();
    this.server.closeAllConnections();
    this.server.close();
  }

  private async fetched(location: string, checksum: string, requestId: number): Promise<void> {
    await this.say('Downloading', requestId);
    const bytes = await download(location, this.stopped.signal).catch(() => undefined);
    if (bytes === undefined) return this.say('DownloadFailed', requestId);
    await this.say('Downloaded', requestId);
    if (createHash('md5').update(bytes).digest('hex') !== checksum) return this.say('InvalidChecksum', requestId);
    await this.say('ChecksumVerified', requestId);
    if (this.conduct === 'fails' || this.stopped.signal.aborted) return this.say('PublishFailed', requestId);
    const name = new URL(location).pathname.split('/').at(-1) ?? 'firmware.bin';
    this.images.set(checksum, { name, bytes });
    const url = `http://127.0.0.1:${await this.port()}/${checksum}/${name}`;
    await this.say('Published', requestId, [url]);
  }

  private async port(): Promise<number> {
    this.listening ??= new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    await this.listening;
    return (this.server.address() as AddressInfo).port;
  }

  private async say(status: string, requestId: number, location?: readonly string[]): Promise<void> {
    const payload = { status, requestId, ...(location === undefined ? {} : { location }) };
    await saidUntilHeard(this.station, 'PublishFirmwareStatusNotification', payload, this.stopped.signal);
  }
}

async function download(location: string, signal: AbortSignal): Promise<Buffer> {
  const response = await fetch(location, { signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS)]) });
  if (!response.ok || response.body === null) throw new Error(`the image was answered ${response.status}`);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body) {
    size += piece.length;
    if (size > IMAGE_BYTES_MAX) throw new Error('the image is too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
