import { type CommandAnswered, STATION_TOPIC, type StationFactType } from '@voltlog/connection-contract';
import type { ModelMonitor, ModelVariable } from '@voltlog/device-contract';
import { type DeviceModel, type DeviceModelCommand, type DeviceModelEvent, isStationId } from '@voltlog/device-domain';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { DocumentedInput, DocumentedStreams } from '../store/documented-streams.js';
import type { DeviceModelDoc } from './documents.js';
import { type MonitorValues, VALUE_FACTS } from './monitor-values.js';
import type { EndedReport, PartFact, Reports } from './reports.js';

const GROUP = 'device-model';
const FACTS: readonly StationFactType[] = [
  'voltlog.connection.VariablesReported.v1',
  'voltlog.connection.MonitorsReported.v1',
  'voltlog.connection.CommandAnswered.v1',
];

export type ModelStreams = DocumentedStreams<DeviceModelCommand, DeviceModel, DeviceModelEvent, never, DeviceModelDoc>;

/** Follows what stations tell of their device model: reports in parts, and the values in their answers. */
export class ModelFollower {
  private subscriptions: readonly Subscription[] = [];

  constructor(
    private readonly context: Pick<ServiceContext, 'log' | 'clock'>,
    private readonly models: ModelStreams,
    private readonly reports: Reports,
    private readonly values: Pick<MonitorValues, 'take'>,
  ) {}

  async start(): Promise<void> {
    this.reports.start((ended) => this.ended(ended));
    const { log } = this.context;
    const topics = [STATION_TOPIC];
    this.subscriptions = await Promise.all([
      log.subscribe({ group: GROUP, topics, types: FACTS, handle: (batch) => this.handle(batch) }),
      log.subscribe({ group: `${GROUP}-values`, topics, types: VALUE_FACTS, handle: (batch) => this.values.take(batch) }),
    ]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.stop()));
    await this.reports.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    const parts: PartFact[] = [];
    const answers: DocumentedInput<DeviceModelCommand>[] = [];
    for (const { event } of batch) {
      const fact = event.data as PartFact | CommandAnswered;
      if (!isStationId(fact.stationId)) continue;
      if ('seqNo' in fact) parts.push(fact);
      else answers.push(...this.toInputs(event.id, event.traceparent, fact));
    }
    if (answers.length > 0) await this.models.all(answers);
    if (parts.length > 0) await this.reports.take(parts);
  }

  private toInputs(
    eventId: string,
    traceparent: string | undefined,
    answer: CommandAnswered,
  ): readonly DocumentedInput<DeviceModelCommand>[] {
    const { stationId, variables = [], clearedMonitors = [], setMonitors = [] } = answer;
    const now = this.context.clock.now();
    const input = (command: DeviceModelCommand, causationId: string) => ({ id: stationId, command, causationId, traceparent });
    const inputs: DocumentedInput<DeviceModelCommand>[] = [];
    if (answer.tellsAll === true) {
      // A 1.6 station tells all its keys at once.
      const report = { requestId: 0, outcome: 'Complete' as const, parts: 1, missingParts: [] };
      inputs.push(input({ kind: 'Report', stationId, report, whole: true, variables, now }, eventId));
    } else if (variables.length > 0) inputs.push(input({ kind: 'Note', stationId, variables, now }, eventId));
    if (clearedMonitors.length > 0)
      inputs.push(input({ kind: 'ClearMonitors', stationId, monitorIds: clearedMonitors, now }, `${eventId}:monitors`));
    if (setMonitors.length > 0)
      inputs.push(input({ kind: 'ReportMonitors', stationId, whole: false, monitors: setMonitors, now }, `${eventId}:set`));
    return inputs;
  }

  private async ended({ report, outcome, missing, items }: EndedReport): Promise<void> {
    const { stationId, requestId, whole, parts, kind } = report;
    if (parts === 0) return;
    const now = this.context.clock.now();
    const command: DeviceModelCommand =
      kind === 'Variables'
        ? {
            kind: 'Report',
            stationId,
            report: { requestId, outcome, parts, missingParts: missing.slice(0, MISSING_TOLD_MAX) },
            whole,
            variables: items as readonly ModelVariable[],
            now,
          }
        : {
            kind: 'ReportMonitors',
            stationId,
            whole: whole && outcome === 'Complete',
            monitors: items as readonly ModelMonitor[],
            now,
          };
    await this.models.one(stationId, command, `report:${report.id}:${report.startedAt}`);
  }
}

/** Gaps that an event names; what is missing beyond is as useless. */
const MISSING_TOLD_MAX = 50;
