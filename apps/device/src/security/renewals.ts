import { createHash } from 'node:crypto';
import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { type Collection, type Store, TimerLoop } from '@voltlog/store';
import { Schema } from 'mongoose';
import type { StationMemory } from '../store/station-memory.js';
import { DONE, type Intent, type IntentHandler, type Intents, LATER, type Step } from './intents.js';
import type { StationLine } from './station-line.js';

const WAVE_TIMER = 'CertificateRenewalWave';
const WAVE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Renewals that fall on one day are spread over this, ms: certificates of a fleet are often of the same day. */
const SPREAD_MS = 7 * DAY_MS;
/** A station that was asked and has no new certificate is asked again after this, ms. */
const AGAIN_MS = DAY_MS;

/** When a station's certificate is to be renewed. */
export interface RenewalDoc {
  /** The station's id. */
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

export interface RenewalOptions {
  /** Before a certificate expires. */
  readonly renewDays: number;
  /** Stations asked in one minute. */
  readonly perMinute: number;
}

/** Renews certificates before they expire, so many stations a minute. Source: OCPP 2.0.1 Part 2 A02. */
export class Renewals implements IntentHandler<null> {
  private readonly waves: TimerLoop;

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

  stop(): Promise<void> {
    return this.waves.stop();
  }

  /** A station has a certificate that is good until then. */
  async installed(stationId: string, notAfter: string): Promise<void> {
    const endMs = Date.parse(notAfter);
    // Of a short life the last third, of a long one the last days.
    const leadMs = Math.min(this.options.renewDays * DAY_MS, (endMs - this.context.clock.now()) / 3);
    const dueAt = isoTime(Math.round(endMs - leadMs - Math.min(SPREAD_MS, leadMs) * shareOf(stationId)));
    await this.collection.upsert([{ doc: { id: stationId, version: 1, dueAt, notAfter } }]);
  }

  /** Asks for a new CSR as soon as the station is there. */
  async ask(stationId: string): Promise<void> {
    const id = `renew:${stationId}`;
    await this.intents.keep({ id, stationId, kind: 'RenewCertificate', data: null }, AGAIN_MS);
    await this.intents.go(id);
  }

  async attempt({ stationId }: Intent<null>): Promise<Step<null>> {
    const value = { requestedMessage: 'SignChargingStationCertificate', evseId: 0, connectorId: 0 };
    const said = await this.parts.line.say(stationId, { $case: 'triggerMessage', value });
    if (said.kind === 'away') return LATER;
    if (said.kind === 'refused')
      this.context.logger.warn({ station_id: stationId, reason: said.reason }, 'a station does not renew its certificate');
    return DONE;
  }

  async expired(): Promise<Step<null>> {
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
    const known = await this.parts.stations.docs(docs.map(({ id }) => id));
    // Retired or gone: nobody asks it again. Should it come back, its next certificate brings its entry back.
    const gone = docs.filter(({ id }) => known.get(id)?.lifecycle !== 'Active');
    await this.collection.delete(gone.map(({ id }) => id));
    const due = docs.filter((doc) => !gone.includes(doc));
    for (const doc of due) await this.ask(doc.id);
    await this.collection.upsert(due.map((doc) => ({ doc: { ...doc, version: doc.version + 1, dueAt: isoTime(now + AGAIN_MS) } })));
    await this.next(now + WAVE_MS);
  }

  private next(dueMs: number): Promise<void> {
    return this.context.store.timers.schedule([{ id: WAVE_TIMER, kind: WAVE_TIMER, dueAt: isoTime(dueMs), payload: null }]);
  }
}

/** 0 to 1, the same for the same station. */
const shareOf = (stationId: string): number => createHash('sha256').update(stationId).digest().readUInt32BE(0) / 0xffffffff;
