import { createServer, type IncomingMessage, request as requestPlain, type Server } from 'node:http';
import { request as requestTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import {
  type Edition,
  readRequest,
  readResponse,
  type SoapFault,
  type SoapRequest,
  writeFault,
  writeRequest,
  writeResponse,
} from '@voltlog/ocpp-v16-soap';
import { basic } from './test-station.js';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface SoapStationOptions {
  readonly port: number;
  readonly stationId: string;
  readonly password?: string;
  readonly edition?: Edition;
  /** By TLS, with these options. */
  readonly tls?: ConnectionOptions;
}

/** A station that speaks SOAP: posts what it is told, and serves the Charge Point service. */
export class SoapTestStation {
  readonly received: SoapRequest[] = [];
  /** What calls showed as their Authorization, oldest first. */
  readonly shown: (string | undefined)[] = [];
  /** Who does not show this as its Authorization is answered 401. */
  demanded: string | undefined = undefined;
  /** What it wants to be shown instead (`WWW-Authenticate`), by what it is shown; undefined: nothing. */
  asks: (authorization: string | undefined) => string | undefined = (authorization) =>
    this.demanded === undefined || authorization === this.demanded ? undefined : 'Basic realm="Charge Point"';
  /** Answers commands; undefined: the connection is cut. */
  onCall: (request: SoapRequest) => object | SoapFault | undefined = () => ({ status: 'Accepted' });
  /** Told at once, instead of what `onCall` says. */
  rawAnswer: HttpAnswer | undefined = undefined;
  private nextId = 1;

  private constructor(
    private readonly server: Server,
    private options: SoapStationOptions,
  ) {
    server.on('request', (incoming: IncomingMessage, response) => {
      this.shown.push(incoming.headers.authorization);
      const challenge = this.asks(incoming.headers.authorization);
      if (challenge !== undefined) {
        incoming.resume();
        response.writeHead(401, { 'WWW-Authenticate': challenge }).end('<html>who are you?</html>');
        return;
      }
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const call = readRequest(Buffer.concat(chunks).toString(), 'cp');
        this.received.push(call);
        if (this.rawAnswer !== undefined) {
          response.writeHead(this.rawAnswer.status, this.rawAnswer.headers).end(this.rawAnswer.text);
          return;
        }
        const answer = this.onCall(call);
        if (answer === undefined) {
          incoming.socket.destroy();
          return;
        }
        const reply = { service: 'cp', edition: call.edition, messageId: 'answer', relatesTo: call.addressing.messageId } as const;
        const text = answer instanceof Error ? writeFault(answer, reply) : writeResponse(call.action, answer, reply);
        response.writeHead(answer instanceof Error ? answer.status : 200, { 'Content-Type': 'application/soap+xml' }).end(text);
      });
    });
  }

  static async open(options: SoapStationOptions): Promise<SoapTestStation> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new SoapTestStation(server, options);
  }

  /** Where it can be called. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/cp`;
  }

  /** It is somewhere else now: another instance. */
  set port(port: number) {
    this.options = { ...this.options, port };
  }

  envelope(action: string, payload: object, from = this.url, messageId = `m${this.nextId++}`): string {
    const { stationId, edition = '1.6' } = this.options;
    return writeRequest(action, payload, { service: 'cs', edition, messageId, chargeBoxIdentity: stationId, to: 'http://csms/', from });
  }

  /** The payload of the answer to a request. @throws {SoapFault} when it is a fault */
  async ask(action: string, payload: object, from?: string): Promise<Readonly<Record<string, unknown>>> {
    const { text } = await this.post(this.envelope(action, payload, from));
    const answer = readResponse(text, 'cs', this.options.edition ?? '1.6', action);
    if (answer.kind === 'fault') throw answer.fault;
    return answer.payload;
  }

  post(
    text: string | Buffer,
    options: { path?: string; headers?: Readonly<Record<string, string>>; method?: string } = {},
  ): Promise<HttpAnswer> {
    const { port, stationId, password, tls } = this.options;
    const authorization = password === undefined ? {} : { Authorization: basic(stationId, password) };
    return new Promise((resolve, reject) => {
      const sent = (tls === undefined ? requestPlain : requestTls)(
        {
          ...tls,
          port,
          host: '127.0.0.1',
          path: options.path ?? '/ocpp/soap',
          method: options.method ?? 'POST',
          agent: false,
          headers: { 'Content-Type': 'application/soap+xml; charset=utf-8', ...authorization, ...options.headers },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(text);
    });
  }

  /** Cannot be called any more. */
  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
