import type { ConnectorStatusReported } from '@voltlog/connection-contract';
import { inoperativeAt, type Outage, type Place, samePlace } from '@voltlog/device-domain';
import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { type Collection, type Execution, type Timer, TimerLoop } from '@voltlog/store';
import { Schema } from 'mongoose';
import { DONE, type Intent, type IntentHandler, type Intents, LATER, type Step } from '../security/intents.js';
import type { StationLine } from '../security/station-line.js';
import type { Alerts } from './alerts.js';
import type { ConfigurationDoc } from './documents.js';
import { notTaken } from './monitor-keeper.js';
import type { ConfigurationStreams } from './reconciler.js';

const OUTAGE_TIMER = 'OutageBoundary';
/** A station that does not come for this long is told when it next boots, ms. */
const AVAILABILITY_MS = 7 * 86_400_000;
/** What a station says of its connectors so soon after it was told may be from before, ms. */
const SETTLING_MS = 10_000;
const ALERT = 'availability';

const intentOf = (stationId: string) => ({ id: `availability:${stationId}`, stationId, kind: 'Availability' as const, data: null });

/** Places that a station was told are out of service. */
export interface ToldDoc {
  /** The station's id. */
  readonly id: string;
  readonly version: number;
  readonly places: readonly Place[];
  /** Absent: before this was noted. */
  readonly toldAt?: string;
}

export const toldSchema = new Schema(
  {
    id: { type: String, required: true },
    version: { type: Number, required: true },
    places: { type: [Schema.Types.Mixed], default: [] },
    toldAt: String,
  },
  { versionKey: false },
);

type Done = Execution<
  Awaited<ReturnType<ConfigurationStreams['state']>>,
  NonNullable<Awaited<ReturnType<ConfigurationStreams['one']>>['refusal']>
>;

interface Boundary {
  readonly stationId: string;
  readonly outageId: string;
  readonly ends: boolean;
}

export interface AvailabilityParts {
  readonly context: Pick<ServiceContext, 'clock' | 'ids' | 'logger' | 'store'>;
  readonly configurations: ConfigurationStreams;
  readonly configurationDocs: Collection<ConfigurationDoc>;
  readonly told: Collection<ToldDoc>;
  readonly alerts: Pick<Alerts, 'open' | 'clear'>;
  readonly intents: Intents;
  readonly line: StationLine;
  readonly lookMs: number;
}

/** Keeps stations, EVSEs and connectors in or out of service as it is intended, also for a time that is known before. */
export class Availability implements IntentHandler<null> {
  private readonly boundaries: TimerLoop;

  constructor(private readonly parts: AvailabilityParts) {
    const { clock, logger, store } = parts.context;
    const handle = (timer: Timer) => this.reached(timer);
    this.boundaries = new TimerLoop({ timers: store.timers, kind: OUTAGE_TIMER, handle, clock, logger, everyMs: parts.lookMs });
  }

  start(): void {
    this.boundaries.start();
  }

  stop(): Promise<void> {
    return this.boundaries.stop();
  }

  async set(stationId: string, place: Place, operative: boolean, reason: string, causationId: string): Promise<Done> {
    const now = this.now();
    const done = await this.parts.configurations.one(
      stationId,
      { kind: 'IntendAvailability', stationId, place, operative, reason, now },
      causationId,
    );
    if (done.refusal === undefined) await this.ask(stationId);
    return done;
  }

  async schedule(stationId: string, outage: Outage, causationId: string): Promise<Done> {
    const done = await this.parts.configurations.one(
      stationId,
      { kind: 'ScheduleOutage', stationId, outage, now: this.now() },
      causationId,
    );
    if (done.refusal !== undefined) return done;
    // Made again when the request is repeated after a crash in between.
    await this.parts.context.store.timers.schedule([
      timerOf({ stationId, outageId: outage.outageId, ends: false }, outage.from),
      timerOf({ stationId, outageId: outage.outageId, ends: true }, outage.until),
    ]);
    return done;
  }

  async cancel(stationId: string, outageId: string, causationId: string): Promise<Done> {
    const command = { kind: 'EndOutage' as const, stationId, outageId, outcome: 'Cancelled' as const, now: this.now() };
    const done = await this.parts.configurations.one(stationId, command, causationId);
    if (done.refusal === undefined) await this.ask(stationId);
    return done;
  }

  /** Tells the station as soon as it is there. */
  async ask(stationId: string): Promise<void> {
    await this.parts.intents.begin(intentOf(stationId), AVAILABILITY_MS);
  }

  /** Those of the stations of which something is to be out of service now: they are told again when they boot, as they may have lost it. */
  async concerned(stationIds: readonly string[]): Promise<readonly string[]> {
    const at = isoTime(this.now());
    const docs = await this.parts.configurationDocs.getMany(stationIds);
    return stationIds.filter((id) => {
      const doc = docs.get(id);
      return doc !== undefined && inoperativeAt(doc, at).length > 0;
    });
  }

  /** Of what stations say of their connectors: one that is in service though it is to be out of it is told again. */
  async heard(statuses: readonly ConnectorStatusReported[]): Promise<void> {
    // A connector in use changes when it is free; one that is Unavailable or Faulted is as it is to be.
    const inService = statuses.filter(({ status }) => status === 'Available' || status === 'Reserved');
    if (inService.length === 0) return;
    const at = isoTime(this.now());
    const stationIds = [...new Set(inService.map(({ stationId }) => stationId))];
    const docs = await this.parts.configurationDocs.getMany(stationIds);
    const lost = stationIds.filter((id) => {
      const doc = docs.get(id);
      const places = doc === undefined ? [] : inoperativeAt(doc, at);
      return inService.some((each) => each.stationId === id && places.some((place) => covers(place, each)));
    });
    if (lost.length === 0) return;
    const told = await this.parts.told.getMany(lost);
    const settled = isoTime(this.now() - SETTLING_MS);
    for (const id of lost) {
      if ((told.get(id)?.toldAt ?? '') < settled) await this.ask(id);
      // Looked at again in a while.
      else await this.parts.intents.keep(intentOf(id), AVAILABILITY_MS);
    }
  }

  async attempt({ stationId }: Intent<null>): Promise<Step<null>> {
    const { configurations, told, line, alerts } = this.parts;
    const wanted = inoperativeAt(await configurations.state(stationId), isoTime(this.now()));
    const before = await told.get(stationId);
    const back = (before?.places ?? []).filter((place) => !wanted.some((each) => samePlace(each, place)));
    const changes = [...wanted.map((place) => ({ ...place, operative: false })), ...back.map((place) => ({ ...place, operative: true }))];
    // Noted before it is told, so that it is told back whatever happens.
    const all = [...wanted, ...back];
    const version = (before?.version ?? 0) + 1;
    const toldAt = isoTime(this.now());
    if (all.length > 0) await told.upsert([{ doc: { id: stationId, version, places: all, toldAt } }]);
    const refused: string[] = [];
    for (const value of changes) {
      const said = await line.say(stationId, { $case: 'changeAvailability', value });
      if (said.kind === 'away') return LATER;
      if (said.kind === 'refused') refused.push(`${inWords(value)}: ${said.reason}`);
    }
    if (back.length > 0) await told.upsert([{ doc: { id: stationId, version: version + 1, places: wanted, toldAt } }]);
    if (refused.length === 0) await alerts.clear(stationId, ALERT, 'Platform');
    else await alerts.open(stationId, ALERT, notTaken('Availability', refused, toldAt));
    return DONE;
  }

  async expired(): Promise<Step<null>> {
    return DONE;
  }

  private async reached({ payload }: Timer): Promise<void> {
    // Only what `schedule` made comes back.
    const { stationId, outageId, ends } = payload as Boundary;
    if (ends) {
      const command = { kind: 'EndOutage' as const, stationId, outageId, outcome: 'Completed' as const, now: this.now() };
      // One that was cancelled is unknown, and over.
      await this.parts.configurations.one(stationId, command, `outage:${outageId}:completed`);
    }
    await this.ask(stationId);
  }

  private now(): number {
    return this.parts.context.clock.now();
  }
}

const covers = (place: Place, { evseId, connectorId }: Pick<ConnectorStatusReported, 'evseId' | 'connectorId'>): boolean =>
  place.evseId === 0 || (place.evseId === evseId && (place.connectorId === 0 || place.connectorId === connectorId));

const inWords = ({ evseId, connectorId, operative }: Place & { readonly operative: boolean }): string => {
  const what = evseId === 0 ? 'the station' : connectorId === 0 ? `EVSE ${evseId}` : `EVSE ${evseId}, connector ${connectorId}`;
  return `${what} ${operative ? 'back into' : 'out of'} service`;
};

const timerOf = (payload: Boundary, dueAt: string): Timer => ({
  id: `outage:${payload.stationId}:${payload.outageId}:${payload.ends ? 'until' : 'from'}`,
  kind: OUTAGE_TIMER,
  dueAt,
  payload,
});
