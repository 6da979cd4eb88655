import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, request as requestHttp, type Server, type ServerResponse } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type AddressInfo, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { SecureContextOptions } from 'node:tls';
import {
  contentTypeOf,
  type ReplyHeaders,
  readRequest,
  readResponse,
  SoapFault,
  writeFault,
  writeRequest,
  writeResponse,
} from '@voltlog/ocpp-v16-soap';
import WebSocket from 'ws';
import { callFrame, errorFrame, readFrame, resultFrame } from './protocol.js';
import { NotLetIn } from './turned-away.js';

/** What a link needs of the socket it speaks through. */
export interface LinkSocket {
  readonly readyState: number;
  send(data: string | Uint8Array): void;
  close(code: number): void;
  terminate(): void;
  on(event: 'open', listener: () => void): unknown;
  on(event: 'message', listener: (data: unknown) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close', listener: (code: number, reason: unknown) => void): unknown;
}

export interface SoapSocketOptions {
  readonly url: string;
  readonly stationId: string;
  readonly authorization: string | undefined;
  readonly tls: SecureContextOptions;
  readonly timeoutMs: number;
  /** What a call must show as its Authorization; undefined: nothing. */
  readonly demanded: string | undefined;
}

const ANSWER_BYTES_MAX = 1_048_576;

/**
 * OCPP 1.6 over SOAP in the guise of a socket: what the station sends as a frame goes out as an envelope, and what the CSMS posts to the
 * station's own address comes in as one. A request that is not answered with an envelope breaks the "connection".
 */
export class SoapSocket extends EventEmitter implements LinkSocket {
  readyState: number = WebSocket.CONNECTING;
  private readonly server: Server;
  private readonly aborted = new AbortController();
  /** Commands that wait for the station's answer, by message id. */
  private readonly waiting = new Map<
    string,
    { readonly response: ServerResponse; readonly action: string; readonly reply: ReplyHeaders }
  >();

  constructor(private readonly options: SoapSocketOptions) {
    super();
    this.server = createServer((request, response) => void this.commanded(request, response));
    this.server.on('error', (error) => this.broken(error.message));
    this.server.listen(0, ownAddress(options.url), () => {
      if (this.readyState !== WebSocket.CONNECTING) return;
      this.readyState = WebSocket.OPEN;
      this.emit('open');
    });
  }

  send(data: string | Uint8Array): void {
    const frame = typeof data === 'string' ? readFrame(data) : undefined;
    if (frame === undefined) return;
    if (frame.type === 'call') this.post(frame.messageId, frame.action, frame.payload);
    else {
      const waiting = this.waiting.get(frame.messageId);
      if (waiting === undefined) return;
      this.waiting.delete(frame.messageId);
      const { response, action, reply } = waiting;
      const failed = frame.type === 'error';
      const fault = failed ? new SoapFault(frame.code.startsWith('Not') ? 'NotSupported' : 'InternalError', frame.description) : undefined;
      const text = fault === undefined ? writeResponse(action, failed ? {} : frame.payload, reply) : writeFault(fault, reply);
      response.writeHead(fault?.status ?? 200, { 'Content-Type': contentTypeOf(`${action}Response`) }).end(text);
    }
  }

  close(code: number): void {
    this.end(code, '');
  }

  terminate(): void {
    this.end(1006, '');
  }

  private post(messageId: string, action: string, payload: object): void {
    const { url, stationId, authorization, tls, timeoutMs } = this.options;
    const { address, port } = this.server.address() as AddressInfo;
    const from = `http://${isIP(address) === 6 ? `[${address}]` : address}:${port}/`;
    const text = writeRequest(action, payload, {
      service: 'cs',
      edition: '1.6',
      messageId,
      chargeBoxIdentity: stationId,
      to: url,
      from,
    });
    const request = (url.startsWith('https:') ? requestHttps : requestHttp)(url, {
      ...tls,
      method: 'POST',
      agent: false,
      timeout: timeoutMs,
      signal: this.aborted.signal,
      headers: {
        'Content-Type': contentTypeOf(action),
        'Content-Length': Buffer.byteLength(text),
        ...(authorization === undefined ? {} : { authorization }),
      },
    });
    request.on('error', (error) => this.broken(error.message));
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('response', (response) => {
      bodyOf(response).then(
        (body) => this.answered(messageId, action, response.statusCode ?? 0, body),
        (error: unknown) => this.broken(String(error)),
      );
    });
    request.end(text);
  }

  private answered(messageId: string, action: string, status: number, body: string): void {
    if (this.readyState !== WebSocket.OPEN) return;
    // Not let in: as a refused handshake would be.
    if (status === 401 || status === 403 || status === 404 || body === '') {
      this.fail(new NotLetIn(status));
      return;
    }
    try {
      const answer = readResponse(body, 'cs', '1.6', action);
      const { kind } = answer;
      this.emit(
        'message',
        kind === 'result'
          ? resultFrame(messageId, answer.payload)
          : errorFrame(messageId, answer.fault.subcode ?? answer.fault.code, answer.fault.message),
      );
    } catch (error) {
      if (!(error instanceof SoapFault)) throw error;
      this.broken(`no answer to ${action}: ${error.message}`);
    }
  }

  private async commanded(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { demanded } = this.options;
    if (demanded !== undefined && request.headers.authorization !== demanded) {
      request.resume();
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="Charge Point", charset="UTF-8"', 'Content-Length': '0' }).end();
      return;
    }
    try {
      const { action, payload, addressing, edition, chargeBoxIdentity } = readRequest(await bodyOf(request), 'cp');
      const messageId = addressing.messageId?.replace('urn:uuid:', '') ?? '';
      const reply = { service: 'cp', edition, messageId: `${messageId}-answer`, relatesTo: addressing.messageId } as const;
      if (chargeBoxIdentity !== this.options.stationId) throw new SoapFault('IdentityMismatch', `this is ${this.options.stationId}`);
      this.waiting.set(messageId, { response, action, reply });
      response.on('close', () => this.waiting.delete(messageId));
      this.emit('message', callFrame(messageId, action, payload));
    } catch (error) {
      const fault = error instanceof SoapFault ? error : new SoapFault('InternalError', String(error));
      const reply = { service: 'cp', edition: '1.6', messageId: 'none', relatesTo: undefined } as const;
      response.writeHead(fault.status, { 'Content-Type': 'application/soap+xml' }).end(writeFault(fault, reply));
    }
  }

  private broken(why: string): void {
    this.fail(new Error(why));
  }

  private fail(error: Error): void {
    if (this.readyState === WebSocket.CLOSED) return;
    this.emit('error', error);
    this.end(1006, error.message);
  }

  private end(code: number, reason: string): void {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.aborted.abort();
    this.server.close();
    this.server.closeAllConnections();
    // As a socket does: not within the call that closes it.
    setImmediate(() => this.emit('close', code, reason));
  }
}

async function bodyOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error('the message is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Where a CSMS on this machine, or one elsewhere, can call the station. */
function ownAddress(url: string): string {
  const { hostname } = new URL(url);
  if (hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')) return '127.0.0.1';
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
