import { createHash } from 'node:crypto';
import type { DerAlarmReported, SecurityEventReported, StationEvent, StationEventsReported } from '@voltlog/connection-contract';
import {
  ALERT_SEVERITY_MAX,
  type AlertCommand,
  type AlertEvent,
  type AlertRefusal,
  type AlertReport,
  type AlertState,
  alertDecider,
  isSecurityEventKnown,
  securitySeverity,
  spoken,
  variableKey,
} from '@voltlog/device-domain';
import type { ServiceContext } from '@voltlog/service';
import { type Collection, type Execution, type OutboxRelay, type Page, pages } from '@voltlog/store';
import { Schema } from 'mongoose';
import { type DocumentedInput, DocumentedStreams } from '../store/documented-streams.js';
import type { StationMemory } from '../store/station-memory.js';
import { withinBound } from './alert-bound.js';
import type { DeviceModelDoc } from './documents.js';

/** Of a monitor that nobody rated: "5-Alert". */
const SEVERITY_UNKNOWN = 5;
/** "4-Error": the station goes on, at the grid's terms. */
const DER_SEVERITY = 4;
const DETAIL_LENGTH_MAX = 500;
const NO_STATION = '';
/** Of what a station says that is too much. */
const MORE = 'more';
const PAGE = 500;
/** Stations looked up in one question. */
const IDS_MAX = 200;

/** An alert as it is. */
export type AlertDoc = Omit<Extract<AlertState, { kind: 'alert' }>, 'kind'> & {
  /** The alert's id. */
  readonly id: string;
  readonly version: number;
  /** It is open or acknowledged. */
  readonly open: boolean;
};

const required = { type: String, required: true };
const words = { type: String, default: '' };
const count = { type: Number, required: true };

export const alertSchema = new Schema(
  {
    id: required,
    version: count,
    stationId: required,
    alertId: required,
    source: required,
    severity: count,
    subject: words,
    detail: words,
    evseId: count,
    connectorId: count,
    value: words,
    firmwareVersion: String,
    occurredAt: required,
    notAccepted: Boolean,
    state: required,
    open: { type: Boolean, required: true },
    openedAt: required,
    clearedAt: words,
    clearedBy: words,
    note: words,
  },
  { versionKey: false },
);
alertSchema.index({ open: 1, openedAt: 1, id: 1 });
alertSchema.index({ stationId: 1, open: 1, openedAt: 1, id: 1 });
alertSchema.index({ stationId: 1, source: 1, open: 1, id: 1 });

function toDoc(id: string, state: AlertState, version: number): AlertDoc | undefined {
  if (state.kind === 'none') return undefined;
  const { kind: _, ...alert } = state;
  return { ...alert, id, version, open: alert.state !== 'Cleared' };
}

export const ALERTS = { name: 'alerts', schema: alertSchema, prefix: 'alert:', decider: alertDecider, toDoc };

/** What operators should look at: monitors that fired, security events, stations that are stuck. */
export class Alerts {
  readonly streams: DocumentedStreams<AlertCommand, AlertState, AlertEvent, AlertRefusal, AlertDoc>;

  private constructor(
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
    private readonly collection: Collection<AlertDoc>,
    private readonly models: Collection<DeviceModelDoc>,
    private readonly memory: Pick<StationMemory, 'outOfQuarantine'>,
    streams: Alerts['streams'],
  ) {
    this.streams = streams;
  }

  static async open(
    context: ServiceContext,
    outbox: Pick<OutboxRelay, 'publish'>,
    models: Collection<DeviceModelDoc>,
    memory: Pick<StationMemory, 'outOfQuarantine'>,
  ): Promise<Alerts> {
    const collection = await context.store.collection<AlertDoc>(ALERTS.name, ALERTS.schema);
    const streams = new DocumentedStreams({ ...ALERTS, context, outbox, collection });
    return new Alerts(context, collection, models, memory, streams);
  }

  /** Newest first. */
  page(filter: { readonly stationId: string; readonly open: boolean | undefined }, limit: number, after: string): Promise<Page<AlertDoc>> {
    const where = {
      ...(filter.stationId === '' ? {} : { stationId: filter.stationId }),
      // Both are asked for as such, so that an index begins with it.
      open: filter.open ?? { $in: [true, false] },
    };
    return this.collection.find({ where, sort: ['openedAt', -1], limit, ...(after === '' ? {} : { after }) });
  }

  /** @param causationId of what is handed over again when it was handled half: once is enough */
  async open(stationId: string, key: string, report: AlertReport, causationId = this.context.ids.next()): Promise<void> {
    await this.execute(stationId, [this.opened(stationId, key, report, causationId)]);
  }

  async clear(stationId: string, key: string, by: 'Station' | 'Platform'): Promise<void> {
    const alertId = idOf(stationId, key);
    if ((await this.collection.get(alertId))?.open !== true) return;
    await this.streams.one(alertId, { kind: 'Clear', stationId, alertId, by, now: this.context.clock.now() }, this.context.ids.next());
  }

  /** What is open of one kind at these stations. */
  async openOf(source: AlertReport['source'], stationIds: readonly string[]): Promise<readonly AlertDoc[]> {
    const found: AlertDoc[] = [];
    for (let at = 0; at < stationIds.length; at += IDS_MAX) {
      const where = { stationId: { $in: stationIds.slice(at, at + IDS_MAX) }, open: true, source };
      for await (const docs of pages(this.collection, { where, limit: PAGE })) found.push(...docs);
    }
    return found;
  }

  /** By what their stations said. */
  async clearAll(alerts: readonly AlertDoc[], causationId: string): Promise<void> {
    const now = this.context.clock.now();
    const clear = ({ stationId, alertId }: AlertDoc) => ({ kind: 'Clear' as const, by: 'Station' as const, stationId, alertId, now });
    await this.streams.all(alerts.map((alert) => ({ id: alert.id, command: clear(alert), causationId })));
  }

  /** Of an operator. */
  async act(
    alertId: string,
    action: { readonly kind: 'Acknowledge'; readonly note: string } | { readonly kind: 'Clear' },
    causationId: string,
  ): Promise<Execution<AlertState, AlertRefusal>> {
    const stationId = alertId.slice(0, alertId.indexOf(':'));
    const now = this.context.clock.now();
    const command: AlertCommand =
      action.kind === 'Clear' ? { kind: 'Clear', by: 'Operator', stationId, alertId, now } : { ...action, stationId, alertId, now };
    return this.streams.one(alertId, command, causationId);
  }

  /** What a station noticed. Only what alerts, or was alerting and is over, is one: deltas and periodic values are readings. */
  async onEvents(eventId: string, { stationId, events }: StationEventsReported): Promise<void> {
    const alerting = events.filter(({ trigger, cleared }) => trigger === 'Alerting' || cleared);
    if (alerting.length === 0) return;
    const monitors = new Map((await this.models.get(stationId))?.monitors.map((monitor) => [monitor.monitorId, monitor]));
    const inputs = alerting.flatMap((event, index): DocumentedInput<AlertCommand>[] => {
      const causationId = `${eventId}:${index}`;
      const key = keyOf(event);
      if (event.cleared) return [this.cleared(stationId, key, causationId)];
      const monitor = event.monitorId === undefined ? undefined : monitors.get(event.monitorId);
      const severity = event.severity ?? monitor?.severity ?? SEVERITY_UNKNOWN;
      const { evseId = 0, connectorId = 0 } = event.variable;
      const told = [event.techCode, event.techInfo].filter(Boolean).join(': ');
      const detail =
        monitor === undefined
          ? `${spoken(event.variable)} is ${event.value}`
          : `${monitor.type} ${monitor.value} was passed: ${event.value}`;
      return [
        this.opened(
          stationId,
          key,
          {
            source: 'Monitor',
            severity,
            subject: spoken(event.variable),
            detail: `${detail}${told === '' ? '' : ` (${told})`}`.slice(0, DETAIL_LENGTH_MAX),
            evseId,
            connectorId,
            value: event.value.slice(0, DETAIL_LENGTH_MAX),
            occurredAt: event.at,
          },
          causationId,
        ),
      ];
    });
    await this.heard(stationId, inputs);
  }

  /** A distributed energy resource met a fault of the grid, until the station says that it is over. Source: OCPP 2.1 Part 2 R04 */
  async onDerAlarm(eventId: string, { stationId, controlType, gridEventFault = '', ended, occurredAt }: DerAlarmReported): Promise<void> {
    const key = `der/${controlType}`;
    if (ended) {
      await this.heard(stationId, [this.cleared(stationId, key, eventId)]);
      return;
    }
    const report = {
      source: 'Monitor' as const,
      severity: DER_SEVERITY,
      subject: `DER ${controlType}`,
      detail: gridEventFault === '' ? 'the energy resource raised an alarm' : `the grid: ${gridEventFault}`,
      evseId: 0,
      connectorId: 0,
      value: gridEventFault,
      occurredAt,
    };
    await this.heard(stationId, [this.opened(stationId, key, report, eventId)]);
  }

  /** Rated by us; what is below an alert stays a fact on the log. */
  async onSecurityEvent(eventId: string, fact: SecurityEventReported): Promise<void> {
    const { stationId, securityEventType, techInfo = '', occurredAt } = fact;
    const isKnown = isSecurityEventKnown(securityEventType);
    const severity = securitySeverity(securityEventType);
    if (severity > ALERT_SEVERITY_MAX) return;
    const detail = techInfo === '' ? securityEventType : `${securityEventType}: ${techInfo}`.slice(0, DETAIL_LENGTH_MAX);
    const report = {
      source: 'SecurityEvent' as const,
      severity,
      subject: isKnown ? securityEventType : 'Unknown security event',
      detail,
      evseId: 0,
      connectorId: 0,
      value: '',
      occurredAt,
    };
    // A maker's own words are any number: they are one alert.
    const key = isKnown ? `security/${securityEventType}` : 'security';
    await this.heard(stationId, [this.opened(stationId, key, report, eventId)]);
  }

  /** Of work on many stations; its alert is of no station. @param report undefined: there is nothing to look at any more */
  async onWork(eventId: string, key: string, report: AlertReport | undefined): Promise<void> {
    await this.streams.all([
      report === undefined ? this.cleared(NO_STATION, key, eventId, 'Platform') : this.opened(NO_STATION, key, report, eventId),
    ]);
  }

  /** What a station said. */
  private async heard(stationId: string, inputs: readonly DocumentedInput<AlertCommand>[]): Promise<void> {
    const fold = (report: AlertReport, causationId: string) => this.opened(stationId, MORE, report, causationId);
    await this.execute(stationId, await withinBound(this.collection, stationId, inputs, fold));
  }

  /** Of a station that is not in service, nobody is to be notified. */
  private async execute(stationId: string, inputs: readonly DocumentedInput<AlertCommand>[]): Promise<void> {
    const isActive = (await this.memory.outOfQuarantine([stationId])).get(stationId)?.lifecycle === 'Active';
    const held = ({ command, ...rest }: DocumentedInput<AlertCommand>): DocumentedInput<AlertCommand> =>
      command.kind === 'Open'
        ? { ...rest, command: { ...command, report: { ...command.report, notAccepted: true } } }
        : { ...rest, command };
    await this.streams.all(isActive ? inputs : inputs.map(held));
  }

  private opened(stationId: string, key: string, report: AlertReport, causationId: string): DocumentedInput<AlertCommand> {
    const alertId = idOf(stationId, key);
    return { id: alertId, command: { kind: 'Open', stationId, alertId, report, now: this.context.clock.now() }, causationId };
  }

  private cleared(
    stationId: string,
    key: string,
    causationId: string,
    by: 'Station' | 'Platform' = 'Station',
  ): DocumentedInput<AlertCommand> {
    const alertId = idOf(stationId, key);
    return { id: alertId, command: { kind: 'Clear', by, stationId, alertId, now: this.context.clock.now() }, causationId };
  }
}

/** `<station>:<16 hexadecimal digits>`: what it is about may hold any character. */
const idOf = (stationId: string, key: string): string => `${stationId}:${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;

/** Of one monitor; without one, of what the maker built in to watch the variable. */
const keyOf = ({ monitorId, notification, variable }: StationEvent): string =>
  monitorId === undefined ? `event/${notification}/${variableKey(variable)}` : `monitor/${monitorId}`;
