import type { StationMake } from '@voltlog/connection-contract';
import type { ShownToken } from '@voltlog/connection-translation';
import type { Call, OcppError } from '@voltlog/ocpp-rpc';
import { InternalError } from '@voltlog/ocpp-rpc';
import { faultOf, type ReplyHeaders, writeFault, writeResponse } from '@voltlog/ocpp-v16-soap';
import { serveCall } from '../edge/call-road.js';
import type { CallingStation } from '../edge/calling-station.js';
import { ofMake } from '../quirks/known-quirks.js';
import type { SoapStation } from './soap-station.js';

/** What goes back over HTTP. */
export interface SoapAnswer {
  readonly status: number;
  readonly text: string;
}

/** One request of a station on the road of calls, until it is answered or nobody waits any more. */
export class SoapExchange implements CallingStation {
  /** SOAP has no connection: what is older than the time since when no heartbeat was missed may have been kept meanwhile. */
  readonly connectedAtMs: number;
  /** There is no connection on which a token was shown before. */
  shownToken: ShownToken | undefined;
  readonly limits = undefined;
  readonly costs = undefined;
  closed = false;
  private settle: (answer: SoapAnswer | undefined) => void = () => {};
  /** Undefined: none, because the log did not take it in time or the station went away. */
  readonly answer = new Promise<SoapAnswer | undefined>((resolve) => {
    this.settle = resolve;
  });

  constructor(
    private readonly from: SoapStation,
    readonly edge: CallingStation['edge'],
    private readonly reply: ReplyHeaders,
    private readonly receivedAtMs: number,
  ) {
    this.connectedAtMs = Math.min(from.reachableSinceMs, receivedAtMs);
  }

  /** Judged as over a socket, of all its requests together. */
  get clockBehindMs(): number {
    return this.from.clockBehindMs;
  }

  set clockBehindMs(ms: number) {
    this.from.clockBehindMs = ms;
  }

  get stationId(): string {
    return this.from.stationId;
  }

  get dialect(): CallingStation['dialect'] {
    return this.from.dialect;
  }

  get station(): CallingStation['station'] {
    return this.from.station;
  }

  /** What another instance, or this one before it was started anew, answered its boot, is what it would be answered now. */
  get told(): CallingStation['told'] {
    return this.from.told ?? this.station.boot.status;
  }

  set told(status: CallingStation['told']) {
    this.from.told = status;
  }

  get triggered(): ReadonlySet<string> | undefined {
    return this.from.triggered;
  }

  /** Never rejects. */
  async serve(call: Call, text: string): Promise<void> {
    if (this.closed) return;
    try {
      await serveCall(this, { call, text, receivedAtMs: this.receivedAtMs });
    } catch (error) {
      this.edge.logger.error({ err: error, station_id: this.stationId, action: call.action }, 'a call could not be handled');
      // A station would drop a message about a transaction that is answered with a fault (design §3.4): rather no answer.
      if (this.dialect.actions.get(call.action)?.route.money !== true) this.refused(call, text, new InternalError(''));
    }
    this.giveUp();
  }

  /** Nobody waits any more. */
  giveUp(): void {
    this.closed = true;
    this.settle(undefined);
  }

  /** {@link CallingStation} */
  repeated({ messageId }: Call, text: string): boolean {
    const { last } = this.from;
    if (last === undefined || last.messageId !== messageId || last.text !== text) return false;
    this.settle({ status: last.status, text: last.answer });
    return true;
  }

  /** {@link CallingStation} The endpoint waits only so long in any case. */
  logging(): void {}

  /** {@link CallingStation} */
  isOfMake(make: StationMake): void {
    this.from.station = { ...this.from.station, quirks: ofMake(this.from.station.quirks, make) };
  }

  /** {@link CallingStation} */
  answered(call: Call, text: string, payload: object): void {
    this.finish(call, text, { status: 200, text: writeResponse(call.action, payload, this.reply) });
  }

  /** {@link CallingStation} */
  refused(call: Call, text: string, error: OcppError): void {
    const fault = faultOf(error);
    this.finish(call, text, { status: fault.status, text: writeFault(fault, this.reply) });
  }

  private finish({ messageId, action }: Call, text: string, answer: SoapAnswer): void {
    if (action !== 'Heartbeat') this.from.last = { messageId, text, status: answer.status, answer: answer.text };
    this.settle(answer);
  }
}
