import type { OcppVersion } from '@voltlog/connection-contract';
import { type Route, routesOf } from '@voltlog/connection-translation';
import type { OcppProtocol } from '@voltlog/ocpp-rpc';
import { loadV16 } from '@voltlog/ocpp-v16';
import { type Edition, hasAction } from '@voltlog/ocpp-v16-soap';
import { loadV21 } from '@voltlog/ocpp-v21';
import { loadV201 } from '@voltlog/ocpp-v201';
import type { Count, Metrics } from '@voltlog/telemetry';

/** A route with what is counted about it, looked up once per call. */
export interface Action {
  readonly route: Route<unknown>;
  readonly answered: Count;
  readonly refused: Count;
  readonly duration: { record(seconds: number): void };
}

/** One version as the edge needs it: its schemas and its actions. */
export interface Dialect {
  readonly version: OcppVersion;
  /** For people, with what carries it: `1.6J`, `1.6S`, `2.0.1`. */
  readonly name: string;
  readonly protocol: OcppProtocol;
  readonly actions: ReadonlyMap<string, Action>;
  /** CALLs of no known action. */
  readonly unknown: Count;
  readonly sent: (action: string, result: string) => Count;
  /** Whether it has a word for this call to a station. JSON has for all, SOAP has not. */
  readonly says: (action: string) => boolean;
}

/** A dialect whose messages are SOAP. */
export interface SoapDialect extends Dialect {
  readonly edition: Edition;
}

const everything = (): boolean => true;

const LOADERS: Readonly<Record<OcppVersion, () => Promise<OcppProtocol>>> = {
  'ocpp1.6': loadV16,
  'ocpp2.0.1': loadV201,
  'ocpp2.1': loadV21,
};

/** Versions are loaded when the first station speaks them: the schemas of 2.1 alone are 4 MB of code. */
export class Dialects {
  private readonly loaded = new Map<OcppVersion, Promise<Dialect>>();
  private readonly soaps = new Map<Edition, SoapDialect>();

  constructor(private readonly metrics: Metrics) {}

  get(version: OcppVersion): Promise<Dialect> {
    let dialect = this.loaded.get(version);
    if (dialect === undefined) {
      dialect = LOADERS[version]().then((protocol) => compile(version, protocol, this.metrics));
      this.loaded.set(version, dialect);
    }
    return dialect;
  }

  /** The same actions and schemas as 1.6J; what SOAP lacks cannot be said. */
  async soap(edition: Edition): Promise<SoapDialect> {
    let dialect = this.soaps.get(edition);
    if (dialect === undefined) {
      const json = await this.get('ocpp1.6');
      dialect = {
        ...json,
        name: `${edition}S`,
        edition,
        says: (action) => !json.protocol.hasAction(action, 'csms') || hasAction('cp', edition, action),
      };
      this.soaps.set(edition, dialect);
    }
    return dialect;
  }
}

function compile(version: OcppVersion, protocol: OcppProtocol, metrics: Metrics): Dialect {
  const messages = (direction: string, action: string, result: string): Count =>
    metrics.counter('voltlog_ocpp_messages_total', 'OCPP calls by action, direction and result', { action, direction, result, version });
  const actions = new Map<string, Action>();
  for (const route of routesOf(version).values()) {
    actions.set(route.action, {
      route,
      answered: messages('in', route.action, 'answered'),
      refused: messages('in', route.action, 'refused'),
      duration: metrics.histogram('voltlog_ocpp_call_duration_seconds', 'From a CALL read to its answer sent', { action: route.action }),
    });
  }
  return {
    version,
    name: version === 'ocpp1.6' ? '1.6J' : version.slice('ocpp'.length),
    protocol,
    actions,
    says: everything,
    unknown: messages('in', 'unknown', 'refused'),
    sent: (action, result) => messages('out', protocol.hasAction(action, 'csms') ? action : 'unknown', result),
  };
}
