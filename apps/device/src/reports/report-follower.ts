import { STATION_TOPIC, type StationFacts } from '@voltlog/connection-contract';
import { isStationId } from '@voltlog/device-domain';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import { type EventEnvelope, isoTime, OperatingError } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { type Collection, type Timer, TimerLoop } from '@voltlog/store';
import { type DisplayFact, noMessages, withDisplayFact } from './display-messages.js';
import type { DisplayDoc, ReportCollections, ReportDoc } from './report-documents.js';

const GROUP = 'device-reports';
const SWEEP = 'StationReportSweep';
const SWEEP_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Tries to write messages that another instance writes as well, while partitions move. */
const TRIES_MAX = 5;

/** What is kept of stations to be looked at, whoever else acts on it. */
export const REPORTS = [
  'voltlog.connection.LogStatusReported.v1',
  'voltlog.connection.FirmwareStatusReported.v1',
  'voltlog.connection.FirmwarePublishStatusReported.v1',
  'voltlog.connection.SecurityEventReported.v1',
  'voltlog.connection.DataTransferReceived.v1',
  'voltlog.connection.CustomerInformationReported.v1',
  'voltlog.connection.DisplayMessagesReported.v1',
  'voltlog.connection.ChargingNeedsReported.v1',
  'voltlog.connection.ChargingScheduleReported.v1',
  'voltlog.connection.ChargingLimitReported.v1',
  'voltlog.connection.ChargingLimitCleared.v1',
  'voltlog.connection.ChargingProfilesReported.v1',
  'voltlog.connection.PriorityChargingReported.v1',
  'voltlog.connection.ScheduleUpdateRequested.v1',
  'voltlog.connection.DerAlarmReported.v1',
  'voltlog.connection.DerControlSwitched.v1',
  'voltlog.connection.DerControlsReported.v1',
  'voltlog.connection.SettlementReported.v1',
  'voltlog.connection.VatNumberPresented.v1',
  'voltlog.connection.BatterySwapReported.v1',
  'voltlog.connection.EventStreamOpened.v1',
  'voltlog.connection.EventStreamClosed.v1',
  'voltlog.connection.EventStreamReported.v1',
  'voltlog.connection.CertificateStatusRequested.v1',
  'voltlog.connection.EvCertificateRequested.v1',
] as const satisfies readonly (keyof StationFacts)[];
type ReportType = (typeof REPORTS)[number];
const COMMAND_ANSWERED = 'voltlog.connection.CommandAnswered.v1';
export const DISPLAY_FACTS = [COMMAND_ANSWERED, 'voltlog.connection.DisplayMessagesReported.v1'] as const;

/** The facts' names as the API has them. */
export const REPORT_NAMES: readonly string[] = REPORTS.map((type) => nameOf(type));

/** Keeps what stations report for as long as configured, and what their displays show. */
export class ReportFollower {
  private subscription: Subscription | undefined;
  private readonly sweep: TimerLoop;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: ReportCollections,
    private readonly days: number,
  ) {
    const { store, clock, logger } = context;
    this.sweep = new TimerLoop({ timers: store.timers, kind: SWEEP, clock, logger, handle: () => this.removeOld() });
  }

  async start(): Promise<void> {
    await this.context.store.timers.scheduleNoLater([this.nextSweep()]);
    this.sweep.start();
    this.subscription = await this.context.log.subscribe({
      group: GROUP,
      topics: [STATION_TOPIC],
      types: [...REPORTS, COMMAND_ANSWERED],
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
    await this.sweep.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    await writeReports(this.collections.reports, batch);
    await writeDisplays(this.collections.displays, batch);
  }

  private async removeOld(): Promise<void> {
    await this.collections.reports.deleteWhere({ receivedAt: { $lt: isoTime(this.context.clock.now() - this.days * DAY_MS) } });
    await this.context.store.timers.schedule([this.nextSweep()]);
  }

  private nextSweep(): Timer {
    return { id: SWEEP, kind: SWEEP, dueAt: isoTime(this.context.clock.now() + SWEEP_MS), payload: {} };
  }
}

/** @param batch records of {@link REPORTS} and others */
export async function writeReports(reports: Collection<ReportDoc>, batch: readonly LogRecord[]): Promise<void> {
  const docs = batch.filter(({ event }) => isReport(event.type) && isStationId(stationOf(event))).map(({ event }) => toReport(event));
  if (docs.length > 0) await reports.upsert(docs.map((doc) => ({ doc, likelyNew: true })));
}

/** @throws {OperatingError} `ReadModelContended` when others kept writing: the batch comes again */
export async function writeDisplays(displays: Collection<DisplayDoc>, batch: readonly LogRecord[]): Promise<void> {
  const about = batch.map(({ event }) => event).filter((event) => isAboutDisplay(event) && isStationId(stationOf(event)));
  for (const [stationId, facts] of Map.groupBy(about, stationOf))
    await writeDisplay(displays, stationId, facts as readonly object[] as readonly DisplayFact[]);
}

async function writeDisplay(displays: Collection<DisplayDoc>, stationId: string, facts: readonly DisplayFact[]): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const before = (await displays.get(stationId)) ?? noMessages(stationId);
    const after = facts.reduce(withDisplayFact, before);
    if (after === before) return;
    const [written] = await displays.upsert([{ doc: { ...after, version: before.version + 1 }, expectedVersion: before.version }]);
    if (written === true) return;
  }
  throw new OperatingError('ReadModelContended', 'the messages of a display changed too often to be written');
}

function nameOf(type: string): string {
  return type.split('.')[2] ?? type;
}

const isReport = (type: string): type is ReportType => (REPORTS as readonly string[]).includes(type);
const stationOf = ({ data }: EventEnvelope): string => (data as { readonly stationId: string }).stationId;

function toReport({ id, type, data }: EventEnvelope): ReportDoc {
  const { stationId, action, receivedAt, occurredAt, requestId } = data as StationFacts[ReportType] & { readonly requestId?: number };
  const number = requestId === undefined ? {} : { requestId };
  return { id, stationId, type: nameOf(type), action, receivedAt, occurredAt, ...number, data };
}

const DISPLAY_ACTIONS = ['SetDisplayMessage', 'ClearDisplayMessage', 'GetDisplayMessages'];

function isAboutDisplay({ type, data }: EventEnvelope): boolean {
  if (type === 'voltlog.connection.DisplayMessagesReported.v1') return true;
  return type === COMMAND_ANSWERED && DISPLAY_ACTIONS.includes((data as StationFacts[typeof COMMAND_ANSWERED]).action);
}
