import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, IdSource } from '@voltlog/kernel';
import { encodeCall, takeCall } from '@voltlog/ocpp-rpc';
import { protocolError, type ReplyHeaders, readRequest, SoapFault, type SoapRequest, writeFault } from '@voltlog/ocpp-v16-soap';
import type { Count, Logger, Metrics } from '@voltlog/telemetry';
import type { Gate, Verdict } from '../access/gate.js';
import type { Link } from '../access/link.js';
import type { Dialects } from '../edge/actions.js';
import { isStationId } from '../edge/handshake.js';
import { type EdgeParts, isProven } from '../edge/parts.js';
import { type CallbackPolicy, callbackOf } from './callback.js';
import { HttpRefusal, readBody } from './http-body.js';
import { Reading } from './reading.js';
import { SoapExchange } from './soap-exchange.js';
import type { SoapStation } from './soap-station.js';
import type { SoapStations } from './soap-stations.js';
import { answerFrame, readTaped, toleratedIn } from './taped.js';

/** `/ocpp/soap`, or `/ocpp/soap/{stationId}`; `/Ocpp/CentralSystemService` is what the WSDLs name. */
const PATH = /^(?:\/ocpp\/soap|\/Ocpp\/CentralSystemService)(?:\/([^/?#]+))?\/?(?:\?.*)?$/;
/** Requests of one station that wait behind the one in work; a station sends the next after the answer. */
const STATION_REQUESTS_MAX = 16;
const RETRY_AFTER_SECONDS = 5;

export interface SoapEndpointOptions {
  readonly stations: SoapStations;
  readonly gate: Gate;
  readonly dialects: Dialects;
  readonly edge: EdgeParts;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly callbacks: CallbackPolicy;
  readonly bytesMax: number;
  /** How long a request waits for the log, ms. */
  readonly waitMs: number;
}

/** The Central System service of OCPP over SOAP. Sources: OCPP-S 1.6, the WSDLs of 1.6, 1.5 and 1.2; SOAP 1.2 Part 2 §7 */
export class SoapEndpoint {
  private readonly reading: Reading;
  private draining = false;
  private readonly counts = new Map<string, Count>();

  constructor(private readonly options: SoapEndpointOptions) {
    this.reading = new Reading(options.bytesMax);
    options.metrics.gauge('voltlog_soap_requests_in_work', 'SOAP requests that are read or worked on', () => this.busy);
  }

  /** Requests that are read or worked on. */
  get busy(): number {
    return this.reading.inWork;
  }

  stopAccepting(): void {
    this.draining = true;
  }

  /** @returns false when the request is for somebody else */
  handle(request: IncomingMessage, response: ServerResponse, link: Link): boolean {
    const path = PATH.exec(request.url ?? '');
    if (path === null) return false;
    if (request.method !== 'POST') {
      response.writeHead(405, { Allow: 'POST', Connection: 'close' }).end();
      return true;
    }
    void this.serve(request, response, { link, pathId: path[1] });
    return true;
  }

  /** Never rejects. */
  private async serve(request: IncomingMessage, response: ServerResponse, from: From): Promise<void> {
    if (this.draining || !this.reading.entered()) {
      this.away(response);
      return;
    }
    try {
      await this.answer(request, response, from);
    } catch (error) {
      if (error instanceof HttpRefusal && error.status === 503) this.away(response);
      else if (error instanceof HttpRefusal) this.refuse(response, error.status, protocolError(error.message), UNREAD);
      else if (error instanceof SoapFault) this.refuse(response, error.status, error, UNREAD);
      else {
        this.options.logger.warn({ err: error }, 'a SOAP request could not be handled; the station is asked to come back');
        this.away(response);
      }
    } finally {
      this.reading.left();
    }
  }

  /** @throws {SoapFault} {HttpRefusal} {OperatingError} */
  private async answer(request: IncomingMessage, response: ServerResponse, { link, pathId }: From): Promise<void> {
    const { options } = this;
    const { authorization } = request.headers;
    const remoteAddress = request.socket.remoteAddress ?? '';
    const named = pathId === undefined ? undefined : (decoded(pathId) ?? '');
    // What can be refused is refused before it is read.
    const early =
      options.gate.showsNothing(authorization, link) ?? (named === undefined ? undefined : await this.judged(named, authorization, link));
    if (early?.accepted === false) {
      this.turnAway(response, named, early, UNREAD);
      return;
    }
    const text = await this.read(request, remoteAddress, early);
    const receivedAtMs = options.clock.now();
    const hints = { soapAction: one(request.headers['soapaction']), contentType: request.headers['content-type'] };
    // Whose it is that cannot be read is known from the URL alone: it counts as the station's where that was proven before it was read.
    const tape = early === undefined || named === undefined || !isProven(early.station) ? undefined : options.edge.recorder.tapeOf(named);
    const message = tape === undefined ? readRequest(text, 'cs', hints) : readTaped(text, hints, { tape, atMs: receivedAtMs });
    const reply = this.replyTo(message);
    const stationId = message.chargeBoxIdentity;
    if (!isStationId(stationId)) throw new SoapFault('IdentityMismatch', 'the chargeBoxIdentity is none that a station could have');
    if (named !== undefined && named !== stationId) {
      this.refuse(response, 400, new SoapFault('UrlMismatch', 'the URL is that of another station than the chargeBoxIdentity'), reply);
      return;
    }
    const verdict = early ?? (await options.gate.judge(stationId, authorization, link));
    if (!verdict.accepted) {
      this.turnAway(response, stationId, verdict, reply);
      return;
    }
    const callback = callbackOf(message.addressing, remoteAddress, options.callbacks);
    const dialect = await options.dialects.soap(message.edition);
    const url = 'url' in callback ? callback.url : '';
    const station = await options.stations.heard(dialect, { ...verdict.station, remoteAddress }, url);
    if ('unusable' in callback) station.note('commands cannot be sent', { why: callback.unusable });
    for (const tolerance of message.tolerances) this.count('voltlog_soap_tolerances_total', { tolerance }).value += 1;
    if (station.waiting >= STATION_REQUESTS_MAX || takeCall(station, receivedAtMs, options.edge.limits.rate) > 0) {
      this.away(response);
      return;
    }
    await this.exchange(station, { message, text, reply, receivedAtMs, response, url });
  }

  /** @throws {SoapFault} when no station could have such an id */
  private judged(stationId: string, authorization: string | undefined, link: Link): Promise<Verdict> {
    if (!isStationId(stationId)) throw new SoapFault('IdentityMismatch', 'the URL names what no station could be called');
    return this.options.gate.judge(stationId, authorization, link);
  }

  /** @throws {HttpRefusal} */
  private async read(request: IncomingMessage, remoteAddress: string, early: (Verdict & { accepted: true }) | undefined): Promise<string> {
    const reader = this.reading.begun(remoteAddress, early !== undefined && isProven(early.station));
    if (reader === undefined) throw new HttpRefusal(503, 'too many requests are read at once');
    try {
      return await readBody(request, this.options.bytesMax, reader);
    } finally {
      reader.done();
    }
  }

  private async exchange(station: SoapStation, { message, text, reply, receivedAtMs, response, url }: Received): Promise<void> {
    const { edge, ids, waitMs, clock, stations } = this.options;
    const { action, payload, addressing } = message;
    station.waiting += 1;
    await stations.reachedAt(station, url);
    const exchange = new SoapExchange(station, edge, reply, receivedAtMs);
    const call = { kind: 'call', messageId: addressing.messageId ?? ids.next(), action, payload } as const;
    edge.frames.received(station, receivedAtMs, text, action);
    const { messageId } = call;
    edge.recorder.tapeOf(station.stationId)?.frame('station', receivedAtMs, encodeCall(messageId, action, payload), toleratedIn(message));
    const timer = setTimeout(() => exchange.giveUp(), waitMs);
    response.once('close', () => exchange.giveUp());
    // One at a time, in the order they came; a heartbeat waits for nobody.
    const served = action === 'Heartbeat' ? exchange.serve(call, text) : station.turn.then(() => exchange.serve(call, text));
    if (action !== 'Heartbeat') station.turn = served;
    // It is held until its turn comes, whoever still waits for the answer.
    void served.then(() => {
      station.waiting -= 1;
    });
    const answer = await exchange.answer;
    clearTimeout(timer);
    if (answer === undefined) {
      this.away(response);
      return;
    }
    if (action !== 'Heartbeat') edge.frames.sent(station, clock.now(), answer.text);
    const { service, edition } = reply;
    edge.recorder.tapeOf(station.stationId)?.frame('csms', clock.now(), answerFrame(answer.text, { messageId, action, service, edition }));
    this.send(response, answer.status, answer.text);
  }

  private turnAway(
    response: ServerResponse,
    stationId: string | undefined,
    verdict: Verdict & { accepted: false },
    reply: ReplyHeaders,
  ): void {
    const { stations, logger } = this.options;
    if (verdict.status === 403) logger.warn({ station_id: stationId, reason: verdict.reason }, 'a station was refused');
    const unknown = verdict.status === 404;
    if (unknown && stationId !== undefined) void stations.refused(stationId);
    const fault = unknown
      ? new SoapFault('IdentityMismatch', 'the station is not known')
      : new SoapFault('SecurityError', verdict.reason ?? 'the station could not be authenticated');
    this.refuse(response, verdict.status, fault, reply, verdict.headers);
  }

  private replyTo({ edition, service, addressing, chargeBoxIdentity }: SoapRequest): ReplyHeaders {
    const messageId = `urn:uuid:${this.options.ids.next()}`;
    const reply = { service, edition, addressing: addressing.uri, messageId, relatesTo: addressing.messageId };
    return addressing.bare && addressing.from !== undefined ? { ...reply, addressee: { chargeBoxIdentity, to: addressing.from } } : reply;
  }

  private refuse(
    response: ServerResponse,
    status: number,
    fault: SoapFault,
    reply: ReplyHeaders,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    this.options.logger.debug({ status, reason: fault.message }, 'a SOAP request was refused');
    const messageId = reply.messageId || `urn:uuid:${this.options.ids.next()}`;
    this.send(response, status, writeFault(fault, { ...reply, messageId }), headers);
  }

  private send(response: ServerResponse, status: number, text: string, headers: Readonly<Record<string, string>> = {}): void {
    this.count('voltlog_soap_requests_total', { status: String(status) }).value += 1;
    if (response.destroyed || response.headersSent) return;
    // A refusal may come before all of the request was read. After a challenge the rest is dropped and the connection kept: cut off, a
    // station that shows its password only when asked would not see that it was asked.
    const ending = (status === 200 || status === 401) && !this.draining ? {} : { Connection: 'close' };
    response
      .writeHead(status, {
        'Content-Type': 'application/soap+xml; charset=utf-8',
        'Content-Length': Buffer.byteLength(text),
        ...ending,
        ...headers,
      })
      .end(text);
  }

  /** Our own trouble: no fault, on which a station might drop its message, but "come back". */
  private away(response: ServerResponse): void {
    this.count('voltlog_soap_requests_total', { status: '503' }).value += 1;
    if (response.destroyed || response.headersSent) return;
    response.writeHead(503, { 'Retry-After': String(RETRY_AFTER_SECONDS), 'Content-Length': '0', Connection: 'close' }).end();
  }

  private count(name: 'voltlog_soap_requests_total' | 'voltlog_soap_tolerances_total', labels: Record<string, string>): Count {
    const key = name + Object.values(labels).join();
    let count = this.counts.get(key);
    if (count === undefined) {
      count = this.options.metrics.counter(name, HELP[name], labels);
      this.counts.set(key, count);
    }
    return count;
  }
}

interface From {
  readonly link: Link;
  readonly pathId: string | undefined;
}

interface Received {
  readonly message: SoapRequest;
  readonly text: string;
  readonly reply: ReplyHeaders;
  readonly receivedAtMs: number;
  readonly response: ServerResponse;
  /** Where the station can be called; empty: nowhere. */
  readonly url: string;
}

const HELP = {
  voltlog_soap_requests_total: 'SOAP requests of stations by HTTP status',
  voltlog_soap_tolerances_total: 'Departures from the specification that were read all the same',
} as const;

/** The answer to what could not be read far enough to know more. */
const UNREAD: ReplyHeaders = { service: 'cs', edition: '1.6', messageId: '', relatesTo: undefined };

const one = (header: string | readonly string[] | undefined): string | undefined => (typeof header === 'string' ? header : header?.[0]);

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
