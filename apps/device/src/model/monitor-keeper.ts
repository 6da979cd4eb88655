import type { ModelMonitor } from '@voltlog/device-contract';
import type { AlertReport } from '@voltlog/device-domain';
import { type IntendedMonitoring, intendedMonitoring, monitorKey, monitorsToSet } from '@voltlog/device-domain';
import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import type { Collection } from '@voltlog/store';
import { Schema } from 'mongoose';
import { DONE, type Intent, type IntentHandler, type Intents, LATER, type Step } from '../security/intents.js';
import type { StationLine } from '../security/station-line.js';
import type { StationMemory } from '../store/station-memory.js';
import type { Alerts } from './alerts.js';
import type { DeviceModels } from './device-models.js';
import type { Templates } from './templates.js';

/** A station that does not come for this long is looked at when it next boots, ms. */
const MONITOR_MS = 7 * 86_400_000;
/** Until the parts of a report are looked for, ms. */
const REPORT_MS = 1_000;
/** Monitors in one message. */
const PER_MESSAGE = 10;
const ALERT = 'monitoring';
/** "5-Alert": somebody has to look, nothing is broken. */
const SEVERITY = 5;
/** What a station says that has no monitor at all. Source: OCPP 2.0.1 Part 2 N02.FR.10 */
const NONE = 'EmptyResultSet';

/** What a station watches since its templates say so, by {@link monitorKey}. */
export interface KeptMonitorsDoc {
  /** The station. */
  readonly id: string;
  readonly keys: readonly string[];
}

export const keptMonitorsSchema = new Schema<KeptMonitorsDoc>(
  { id: { type: String, required: true }, keys: { type: [String], required: true } } as never,
  { versionKey: false },
);

/** The report that was asked for; empty: none yet. */
export interface Monitored {
  readonly reportId: string;
}

export interface MonitorKeeperParts {
  readonly context: Pick<ServiceContext, 'clock'>;
  readonly kept: Collection<KeptMonitorsDoc>;
  readonly memory: Pick<StationMemory, 'docs' | 'outOfQuarantine'>;
  readonly templates: Pick<Templates, 'all'>;
  readonly deviceModels: DeviceModels;
  readonly alerts: Pick<Alerts, 'open' | 'clear'>;
  readonly intents: Intents;
  readonly line: StationLine;
}

/**
 * Has stations of 2.x watch what their templates say: base and level first, since a base can take monitors away, then what is missing by
 * the station's own report. What was set since a template said so, and none says any more, is cleared; what somebody else has set stays.
 * Source: OCPP 2.0.1 Part 2 N02 to N06
 */
export class MonitorKeeper implements IntentHandler<Monitored> {
  constructor(private readonly parts: MonitorKeeperParts) {}

  /** As soon as the station is there. */
  async ask(stationId: string): Promise<void> {
    const id = `monitor:${stationId}`;
    await this.parts.intents.begin<Monitored>({ id, stationId, kind: 'Monitor', data: { reportId: '' } }, MONITOR_MS);
  }

  /** Those of the stations about which a template says something, or has said. */
  async concerned(stationIds: readonly string[]): Promise<readonly string[]> {
    const kept = await this.parts.kept.getMany(stationIds);
    if (kept.size === 0 && !this.parts.templates.all.some(saysSomething)) return [];
    const stations = await this.parts.memory.outOfQuarantine(stationIds);
    return stationIds.filter((id) => {
      const station = stations.get(id);
      return station !== undefined && station.ocppVersion !== 'ocpp1.6' && (kept.has(id) || isSomething(this.intendedOf(station)));
    });
  }

  async intended(stationId: string): Promise<IntendedMonitoring> {
    const station = (await this.parts.memory.docs([stationId])).get(stationId);
    return station === undefined ? { monitors: [] } : this.intendedOf(station);
  }

  async attempt({ stationId, data }: Intent<Monitored>): Promise<Step<Monitored>> {
    if ((await this.concerned([stationId])).length === 0) return DONE;
    const intended = await this.intended(stationId);
    const { deviceModels } = this.parts;
    if (data.reportId === '') {
      const refused = await this.setBaseAndLevel(stationId, intended);
      if (refused === undefined) return LATER;
      if (refused.length > 0) return this.ended(stationId, refused);
      const { said, report } = await deviceModels.askForMonitors(stationId);
      if (said.kind === 'away') return LATER;
      if (said.kind === 'accepted') return { again: REPORT_MS, data: { reportId: report.id } };
      if (said.response.stationStatus !== NONE) return this.ended(stationId, [`it does not tell its monitors: ${said.reason}`]);
      return this.set(stationId, intended, false);
    }
    const report = await deviceModels.report(data.reportId);
    return report?.endedAt === '' ? { again: REPORT_MS } : this.set(stationId, intended, true);
  }

  /** When it next boots it is asked for again. */
  async expired(): Promise<Step<Monitored>> {
    return DONE;
  }

  /** What it did not take, in words; undefined: it is away. */
  private async setBaseAndLevel(stationId: string, { base, level }: IntendedMonitoring): Promise<readonly string[] | undefined> {
    const { deviceModels, line } = this.parts;
    const refused: string[] = [];
    if (base !== undefined && base !== (await deviceModels.value(stationId, 'MonitoringCtrlr', 'ActiveMonitoringBase'))) {
      const said = await line.say(stationId, { $case: 'setMonitoringBase', value: { monitoringBase: base } });
      if (said.kind === 'away') return undefined;
      if (said.kind === 'refused') refused.push(`the base ${base}: ${said.reason}`);
    }
    if (level !== undefined && String(level) !== (await deviceModels.value(stationId, 'MonitoringCtrlr', 'ActiveMonitoringLevel'))) {
      const said = await line.say(stationId, { $case: 'setMonitoringLevel', value: { severity: level } });
      if (said.kind === 'away') return undefined;
      if (said.kind === 'refused') refused.push(`the level ${level}: ${said.reason}`);
    }
    return refused;
  }

  private async set(stationId: string, { monitors }: IntendedMonitoring, told: boolean): Promise<Step<Monitored>> {
    const held = told ? ((await this.parts.deviceModels.get(stationId))?.monitors ?? []) : [];
    const missing = monitorsToSet(monitors, held);
    const refused: string[] = [];
    const wanted = monitors.map(monitorKey);
    const before = (await this.parts.kept.get(stationId))?.keys ?? [];
    const gone = new Set(before.filter((key) => !wanted.includes(key)));
    // Whatever is set from here on is known to be ours.
    await this.keep(stationId, [...wanted, ...gone]);
    const stays = await this.clear(
      stationId,
      held.filter((each) => gone.has(monitorKey(each))),
    );
    if (stays === undefined) return { again: 'later', data: { reportId: '' } };
    refused.push(...stays.map(({ type, variable }) => `${type} of ${variable.component}.${variable.name} is not cleared`));
    for (let from = 0; from < missing.length; from += PER_MESSAGE) {
      const some = missing.slice(from, from + PER_MESSAGE);
      const value = {
        monitors: some.map(({ variable, ...monitor }) => ({
          ...monitor,
          variable: { evseId: 0, instance: '', value: '', ...variable },
        })),
      };
      const said = await this.parts.line.say(stationId, { $case: 'setVariableMonitoring', value });
      if (said.kind === 'away') return { again: 'later', data: { reportId: '' } };
      const results = said.response.monitoring?.results ?? [];
      if (results.length === 0 && said.kind === 'refused') refused.push(said.reason);
      for (const { variable, type, status } of results)
        if (status !== 'Accepted' && status !== 'Duplicate') refused.push(`${type} of ${variable?.component}.${variable?.name}: ${status}`);
    }
    await this.keep(stationId, [...wanted, ...stays.map(monitorKey)]);
    return this.ended(stationId, refused);
  }

  /** @returns those that the station did not clear; undefined: it is away */
  private async clear(stationId: string, monitors: readonly ModelMonitor[]): Promise<readonly ModelMonitor[] | undefined> {
    const stays: ModelMonitor[] = [];
    for (let from = 0; from < monitors.length; from += PER_MESSAGE) {
      const some = monitors.slice(from, from + PER_MESSAGE);
      const value = { monitorIds: some.map(({ monitorId }) => monitorId) };
      const said = await this.parts.line.say(stationId, { $case: 'clearVariableMonitoring', value });
      if (said.kind === 'away') return undefined;
      const results = said.response.monitoring?.results ?? [];
      const done = new Set(results.filter(({ status }) => CLEARED.has(status)).map(({ monitorId }) => monitorId));
      if (said.kind === 'refused' || results.length > 0) stays.push(...some.filter(({ monitorId }) => !done.has(monitorId)));
    }
    return stays;
  }

  private async keep(stationId: string, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) await this.parts.kept.delete([stationId]);
    else await this.parts.kept.upsert([{ doc: { id: stationId, keys } }]);
  }

  private async ended(stationId: string, refused: readonly string[]): Promise<typeof DONE> {
    const { alerts, context } = this.parts;
    if (refused.length === 0) await alerts.clear(stationId, ALERT, 'Platform');
    else await alerts.open(stationId, ALERT, notTaken('Monitoring', refused, isoTime(context.clock.now())));
    return DONE;
  }

  private intendedOf(station: Parameters<typeof intendedMonitoring>[1]): IntendedMonitoring {
    return intendedMonitoring(this.parts.templates.all, station);
  }
}

const isSomething = ({ monitors, base, level }: IntendedMonitoring): boolean =>
  monitors.length > 0 || base !== undefined || level !== undefined;
const saysSomething = ({ monitors = [], monitoringBase, monitoringLevel }: Templates['all'][number]): boolean =>
  monitors.length > 0 || monitoringBase !== undefined || monitoringLevel !== undefined;

/** OCPP 2.1 ClearMonitoringStatusEnumType */
const CLEARED: ReadonlySet<string> = new Set(['Accepted', 'NotFound']);
const NAMED_MAX = 5;

/** That a station does not take what is intended. */
export const notTaken = (subject: string, refused: readonly string[], occurredAt: string): AlertReport => ({
  source: 'Configuration',
  severity: SEVERITY,
  subject,
  detail:
    `the station does not take what is intended: ${refused.slice(0, NAMED_MAX).join('; ')}${refused.length > NAMED_MAX ? '; ...' : ''}`.slice(
      0,
      500,
    ),
  evseId: 0,
  connectorId: 0,
  value: '',
  occurredAt,
});
