import { STATION_TOPIC, type StationFacts } from '@voltlog/connection-contract';
import type { LogRecord } from '@voltlog/event-log';
import type { Projection } from '@voltlog/service';
import { type Collection, rebuildFromTopic } from '@voltlog/store';
import { type SessionNoticeDocument, sessionNoticeSchema } from '../store/session-documents.js';

/** What a station tells about a charge besides the transaction itself: what the car asks for, who else limits it, how it was paid. */
export const NOTICE_TYPES = [
  'voltlog.connection.ChargingNeedsReported.v1',
  'voltlog.connection.ChargingScheduleReported.v1',
  'voltlog.connection.ChargingLimitReported.v1',
  'voltlog.connection.ChargingLimitCleared.v1',
  'voltlog.connection.PriorityChargingReported.v1',
  'voltlog.connection.SettlementReported.v1',
] as const satisfies readonly (keyof StationFacts)[];

type NoticeType = (typeof NOTICE_TYPES)[number];
type NoticeFact = { readonly [Type in NoticeType]: { readonly type: Type; readonly data: StationFacts[Type] } }[NoticeType];
type Details = SessionNoticeDocument['details'];

export async function writeNotices(notices: Collection<SessionNoticeDocument>, batch: readonly LogRecord[]): Promise<void> {
  const docs = batch.map(({ event: { id, type, data } }) => toDocument(id, { type, data } as NoticeFact));
  if (docs.length > 0) await notices.upsert(docs.map((doc) => ({ doc, likelyNew: true })));
}

function toDocument(id: string, { type, data }: NoticeFact): SessionNoticeDocument {
  const { stationId, receivedAt } = data;
  const head = { id, stationId, receivedAt, evseId: 0, transactionId: '' };
  switch (type) {
    case 'voltlog.connection.ChargingNeedsReported.v1':
      return { ...head, evseId: data.evseId, kind: 'ChargingNeeds', details: needsOf(data) };
    case 'voltlog.connection.ChargingScheduleReported.v1':
      return { ...head, evseId: data.evseId, kind: 'ChargingSchedule', details: scheduleOf(at(data.raw, 'chargingSchedule')) };
    case 'voltlog.connection.ChargingLimitReported.v1': {
      const [schedule] = listOf(at(data.raw, 'chargingSchedule'));
      const details = given({ source: data.source, gridCritical: data.isGridCritical ?? false, ...scheduleOf(schedule) });
      return { ...head, evseId: data.evseId, kind: 'ExternalLimit', details };
    }
    case 'voltlog.connection.ChargingLimitCleared.v1':
      return { ...head, evseId: data.evseId, kind: 'ExternalLimitCleared', details: { source: data.source } };
    case 'voltlog.connection.PriorityChargingReported.v1':
      return { ...head, transactionId: data.transactionId, kind: 'PriorityCharging', details: { activated: data.activated } };
    case 'voltlog.connection.SettlementReported.v1': {
      const { transactionId = '', pspRef, status, amount, receiptId, receiptUrl } = data;
      return { ...head, transactionId, kind: 'Settlement', details: given({ pspRef, status, amount, receiptId, receiptUrl }) };
    }
    default:
      throw new Error(`${String(type satisfies never)} is no notice`);
  }
}

/** Source: OCPP 2.1 Part 2 ChargingNeedsType; 2.0.1 has fewer of its fields. */
function needsOf({ requestedEnergyTransfer, raw }: StationFacts['voltlog.connection.ChargingNeedsReported.v1']): Details {
  const needs = at(raw, 'chargingNeeds');
  const [ac, dc, v2x] = ['acChargingParameters', 'dcChargingParameters', 'v2xChargingParameters'].map((name) => at(needs, name));
  return given({
    requestedEnergyTransfer,
    departureAt: at(needs, 'departureTime'),
    energyWh: at(ac, 'energyAmount') ?? at(dc, 'energyAmount') ?? at(v2x, 'evTargetEnergyRequest'),
    energyWhMin: at(v2x, 'evMinEnergyRequest'),
    energyWhMax: at(v2x, 'evMaxEnergyRequest'),
    stateOfChargePercent: at(dc, 'stateOfCharge'),
    fullStateOfChargePercent: at(dc, 'fullSoC'),
    batteryCapacityWh: at(dc, 'evEnergyCapacity'),
    controlMode: at(needs, 'controlMode'),
    mobilityNeedsMode: at(needs, 'mobilityNeedsMode'),
  });
}

/** The first period says what counts now. */
function scheduleOf(schedule: unknown): Details {
  const [first] = listOf(at(schedule, 'chargingSchedulePeriod'));
  return given({ limit: at(first, 'limit'), unit: at(schedule, 'chargingRateUnit'), durationSeconds: at(schedule, 'duration') });
}

const at = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
/** What was told, as far as it is a plain value. */
const given = (fields: Readonly<Record<string, unknown>>): Details =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))) as Details;

export const sessionNoticesProjection: Projection = {
  about: 'what cars ask for, limits of others and settlements, by which sessions show them',
  from: 'records',
  async rebuild({ store, log }, onProgress) {
    const { records } = await rebuildFromTopic<SessionNoticeDocument>({
      store,
      log,
      topic: STATION_TOPIC,
      types: NOTICE_TYPES,
      name: 'sessionNotices',
      schema: sessionNoticeSchema,
      onProgress: (progress) => onProgress(progress.records),
      project: (batch, target) => writeNotices(target, batch),
    });
    return records;
  },
};
