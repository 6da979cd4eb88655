import { createHash } from 'node:crypto';
import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { type Collection, type Store, TimerLoop } from '@voltlog/store';
import { Schema } from 'mongoose';
import type { StationMemory } from '../store/station-memory.js';
import { DONE, type Intent, type IntentHandler, type Intents, LATER, type Step } from './intents.js';
import type { StationLine } from './station-line.js';

/** What a station proves itself to the CSMS with, and what it is asked for one by. */
export const OWN = 'ChargingStationCertificate';
/** Triggers of OCPP 2.x MessageTriggerEnumType, by the type of the certificate. */
const TRIGGERS: Readonly<Partial<Record<string, string>>> = {
  [OWN]: 'SignChargingStationCertificate',
  V2GCertificate: 'SignV2GCertificate',
  V2G20Certificate: 'SignV2G20Certificate',
};
/** Between a station's id and a type: no station's id has it. */
const SEPARATOR = ' ';

const WAVE_TIMER = 'CertificateRenewalWave';
const WAVE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Renewals that fall on one day are spread over this, ms: certificates of a fleet are often of the same day. */
const SPREAD_MS = 7 * DAY_MS;
/** A station that was asked and has no new certificate is asked again after this, ms. */
const AGAIN_MS = DAY_MS;

/** When a station's certificate is to be renewed. */
export interface RenewalDoc {
  /** The station's id, with the type of the certificate behind it where that is not {@link OWN}. */
  readonly id: string;
  readonly version: number;
  readonly dueAt: string;
  readonly notAfter: string;
}

export const renewalSchema = new Schema(
  {
    id: { type: String, required: true },
    version: { type: Number, required: true },
    dueAt: { type: String, required: true },
    notAfter: { type: String, required: true },
  },
  { versionKey: false },
);
renewalSchema.index({ dueAt: 1, id: 1 });

/** Kept with an intent. */
export interface RenewalOf {
  readonly certificateType: string;
}

export interface RenewalOptions {
  /** Before a certificate expires. */
  readonly renewDays: number;
  /** Stations asked in one minute. */
  readonly perMinute: number;
}

/** Who is told of stations that do not renew theirs. */
export interface RenewalAlerts {
  notRenewed(stationId: string, certificateType: string, reason: string): Promise<void>;
}

/** Renews certificates before they expire, so many stations a minute. Source: OCPP 2.0.1 Part 2 A02. */
export class Renewals implements IntentHandler<RenewalOf | null> {
  private readonly waves: TimerLoop;
  private alerts: RenewalAlerts | undefined;

  private constructor(
    private readonly context: Pick<ServiceContext, 'clock' | 'logger' | 'store'>,
    private readonly collection: Collection<RenewalDoc>,
    private readonly intents: Intents,
    private readonly parts: { readonly line: StationLine; readonly stations: Pick<StationMemory, 'docs'> },
    private readonly options: RenewalOptions,
  ) {
    const { clock, logger, store } = context;
    this.waves = new TimerLoop({ timers: store.timers, kind: WAVE_TIMER, handle: () => this.wave(), clock, logger });
  }

  static async open(
    context: Pick<ServiceContext, 'clock' | 'logger'> & { readonly store: Store },
    intents: Intents,
    parts: { readonly line: StationLine; readonly stations: Pick<StationMemory, 'docs'> },
    options: RenewalOptions,
  ): Promise<Renewals> {
    return new Renewals(
      context,
      await context.store.collection<RenewalDoc>('certificate_renewals', renewalSchema),
      intents,
      parts,
      options,
    );
  }

  async start(): Promise<void> {
    await this.next(this.context.clock.now());
    this.waves.start();
  }

  /** Alerts are made of what this is made before. */
  useAlerts(alerts: RenewalAlerts): void {
    this.alerts = alerts;
  }

  stop(): Promise<void> {
    return this.waves.stop();
  }

  /** A station has a certificate that is good until then. */
  async installed(stationId: string, { certificateType, notAfter }: { certificateType: string; notAfter: string }): Promise<void> {
    const endMs = Date.parse(notAfter);
    // Of a short life the last third, of a long one the last days.
    const leadMs = Math.min(this.options.renewDays * DAY_MS, (endMs - this.context.clock.now()) / 3);
    const dueAt = isoTime(Math.round(endMs - leadMs - Math.min(SPREAD_MS, leadMs) * shareOf(stationId)));
    await this.collection.upsert([{ doc: { id: renewalId(stationId, certificateType), version: 1, dueAt, notAfter } }]);
  }

  /** Asks for a new CSR as soon as the station is there. */
  async ask(stationId: string, certificateType = OWN): Promise<void> {
    const id = `renew:${renewalId(stationId, certificateType)}`;
    await this.intents.begin({ id, stationId, kind: 'RenewCertificate', data: { certificateType } }, AGAIN_MS);
  }

  async attempt({ stationId, data }: Intent<RenewalOf | null>): Promise<Step<RenewalOf>> {
    // None: kept by an older version.
    const certificateType = data?.certificateType ?? OWN;
    const requestedMessage = TRIGGERS[certificateType] ?? '';
    const value = { requestedMessage, evseId: 0, connectorId: 0 };
    const said = await this.parts.line.say(stationId, { $case: 'triggerMessage', value });
    if (said.kind === 'away') return LATER;
    if (said.kind === 'refused') await this.alerts?.notRenewed(stationId, certificateType, said.reason);
    return DONE;
  }

  async expired(): Promise<Step<RenewalOf>> {
    return DONE;
  }

  /** The stations that are due, at most so many; those that are asked and have none tomorrow are due again. */
  async wave(): Promise<void> {
    const now = this.context.clock.now();
    const { docs } = await this.collection.find({
      where: { dueAt: { $lte: isoTime(now) } },
      sort: ['dueAt', 1],
      limit: this.options.perMinute,
    });
    const known = await this.parts.stations.docs([...new Set(docs.map(({ id }) => partsOf(id).stationId))]);
    // Retired or gone: nobody asks it again. Should it come back, its next certificate brings its entry back.
    const gone = docs.filter(({ id }) => known.get(partsOf(id).stationId)?.lifecycle !== 'Active');
    await this.collection.delete(gone.map(({ id }) => id));
    const due = docs.filter((doc) => !gone.includes(doc));
    for (const { id } of due) await this.ask(partsOf(id).stationId, partsOf(id).certificateType);
    await this.collection.upsert(due.map((doc) => ({ doc: { ...doc, version: doc.version + 1, dueAt: isoTime(now + AGAIN_MS) } })));
    await this.next(now + WAVE_MS);
  }

  private next(dueMs: number): Promise<void> {
    return this.context.store.timers.schedule([{ id: WAVE_TIMER, kind: WAVE_TIMER, dueAt: isoTime(dueMs), payload: null }]);
  }
}

const renewalId = (stationId: string, certificateType: string): string =>
  certificateType === OWN ? stationId : `${stationId}${SEPARATOR}${certificateType}`;

function partsOf(id: string): { readonly stationId: string; readonly certificateType: string } {
  const [stationId = '', certificateType = OWN] = id.split(SEPARATOR);
  return { stationId, certificateType };
}

/** 0 to 1, the same for the same station. */
const shareOf = (stationId: string): number => createHash('sha256').update(stationId).digest().readUInt32BE(0) / 0xffffffff;
