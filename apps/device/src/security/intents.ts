import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { type Collection, firstVersion, type Store, type Timer, TimerLoop } from '@voltlog/store';
import { Schema } from 'mongoose';

export const INTENT_TIMER = 'StationSecurityIntent';
/** First and longest wait between tries, ms. A station that comes back is served at once, see {@link Intents.hurry}. */
const RETRY_FIRST_MS = 2_000;
const RETRY_MAX_MS = 3_600_000;
/** An intent whose cause was never committed is looked at after this long, and found to be about nothing, ms. */
const UNCOMMITTED_MS = 30_000;
/** Intents of the stations of one batch. */
const HURRIED_MAX = 500;

export type IntentKind =
  | 'IssueCertificate'
  | 'DeliverCertificate'
  | 'RenewCertificate'
  | 'ChangePassword'
  | 'ChangeProfile'
  | 'Reconcile'
  | 'Provision'
  | 'Availability'
  | 'Monitor'
  | 'Roots'
  | 'MovePlan'
  | 'MoveStation';

/** Something a station is to do, kept until it did, refused, or its time is over. */
export interface Intent<Data = unknown> {
  /** `<kind>:<station>:<what>` */
  readonly id: string;
  readonly version: number;
  readonly stationId: string;
  readonly kind: IntentKind;
  readonly data: Data;
  readonly attempts: number;
  readonly createdAt: string;
  readonly expiresAt: string;
}

/** What is to be done, for {@link Intents.keep}. */
type Wanted<Data> = Pick<Intent<Data>, 'id' | 'stationId' | 'kind' | 'data'>;

export const intentSchema = new Schema(
  {
    id: { type: String, required: true },
    version: { type: Number, required: true },
    stationId: { type: String, required: true },
    kind: { type: String, required: true },
    data: { type: Schema.Types.Mixed },
    attempts: { type: Number, required: true },
    createdAt: { type: String, required: true },
    expiresAt: { type: String, required: true },
  },
  { versionKey: false },
);
intentSchema.index({ stationId: 1, id: 1 });
// So that it is deleted in the version that was worked on, and in no newer one.
intentSchema.index({ stationId: 1, version: 1, id: 1 });

/** What comes next: nothing, or another try: after so many ms, or after a wait that grows. */
export type Step<Data = unknown> = { readonly done: true } | { readonly again: number | 'later'; readonly data?: Data };

export const DONE: Step<never> = { done: true };
export const LATER: Step<never> = { again: 'later' };

export interface IntentHandler<Data> {
  /** @param note keeps data now: what must be known even if the process dies before the step is done */
  attempt(intent: Intent<Data>, note: (data: Data) => Promise<void>): Promise<Step<Data>>;
  /** Its time is over: done, or it goes on for as long again. */
  expired(intent: Intent<Data>): Promise<Step<Data>>;
}

/** Durable intents, worked on by timers with a lease: a crash at any point costs a repetition. */
export class Intents {
  private readonly loop: TimerLoop;
  /** Worked on now; true: something happened meanwhile that it may wait for. */
  private readonly working = new Map<string, boolean>();
  private readonly handlers = new Map<IntentKind, IntentHandler<unknown>>();

  private constructor(
    private readonly context: Pick<ServiceContext, 'clock' | 'logger' | 'store'>,
    private readonly collection: Collection<Intent>,
    everyMs: number,
  ) {
    const { store, clock, logger } = context;
    this.loop = new TimerLoop({ timers: store.timers, kind: INTENT_TIMER, handle: (timer) => this.work(timer.id), clock, logger, everyMs });
  }

  static async open(context: Pick<ServiceContext, 'clock' | 'logger'> & { readonly store: Store }, everyMs = 1_000): Promise<Intents> {
    return new Intents(context, await context.store.collection<Intent>('security_intents', intentSchema), everyMs);
  }

  handle<Data>(kind: IntentKind, handler: IntentHandler<Data>): void {
    // Only what `keep` was given under this kind comes back under it.
    this.handlers.set(kind, handler as IntentHandler<unknown>);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /**
   * Keeps an intent before its cause is committed, so that none is lost; {@link go} begins it. One that is there gets a new version, so that
   * whoever works on it, here or in another instance, sees that it was asked for again.
   *
   * @returns the intent as it is kept: the one that was there, if one was
   */
  async keep<Data>(intent: Wanted<Data>, lifetimeMs: number): Promise<Intent<Data>> {
    const now = this.context.clock.now();
    const kept = await this.put({ ...intent, attempts: 0, createdAt: isoTime(now), expiresAt: isoTime(now + lifetimeMs) });
    // One that was there has a timer, and is not put off.
    await this.context.store.timers.scheduleNoLater([timerOf(intent.id, now + UNCOMMITTED_MS)]);
    return kept;
  }

  /** undefined: there is none, or it is done. */
  async kept<Data>(id: string): Promise<Intent<Data> | undefined> {
    return (await this.collection.get(id)) as Intent<Data> | undefined;
  }

  /** Its cause is committed: works on it now, also when somebody looked at it before that and found it to be about nothing. */
  async go(kept: Intent): Promise<void> {
    await this.put(kept);
    await this.workOn([kept.id]);
  }

  /** Keeps an intent that needs no cause, or whose cause is there, and works on it now. */
  async begin<Data>(intent: Wanted<Data>, lifetimeMs: number): Promise<void> {
    const now = this.context.clock.now();
    await this.put({ ...intent, attempts: 0, createdAt: isoTime(now), expiresAt: isoTime(now + lifetimeMs) });
    await this.workOn([intent.id]);
  }

  /** Something happened at these stations that their intents may wait for. */
  async hurry(stationIds: readonly string[]): Promise<void> {
    const { docs } = await this.collection.find({ where: { stationId: { $in: [...stationIds] } }, limit: HURRIED_MAX });
    if (docs.length > 0) await this.workOn(docs.map((doc) => doc.id));
  }

  private async workOn(ids: readonly string[]): Promise<void> {
    for (const id of ids) if (this.working.has(id)) this.working.set(id, true);
    const now = this.context.clock.now();
    await this.context.store.timers.schedule(ids.map((id) => timerOf(id, now)));
    this.loop.hurry();
  }

  /** Writes an intent that is not there; one that is there gets a new version, and is given back. */
  private async put<Data>(intent: Omit<Intent<Data>, 'version'>): Promise<Intent<Data>> {
    for (;;) {
      const known = (await this.collection.get(intent.id)) as Intent<Data> | undefined;
      const doc = known === undefined ? { ...intent, version: firstVersion() } : { ...known, version: known.version + 1 };
      const [written] = await this.collection.upsert([{ doc, expectedVersion: known?.version ?? 0 }]);
      if (written === true) return doc;
    }
  }

  private async work(id: string): Promise<void> {
    this.working.set(id, false);
    try {
      await this.step(id);
    } finally {
      this.working.delete(id);
    }
  }

  private async step(id: string): Promise<void> {
    const intent = await this.collection.get(id);
    if (intent === undefined) return;
    const handler = this.handlers.get(intent.kind);
    if (handler === undefined) throw new Error(`nobody handles ${intent.kind}`);
    let current = intent;
    /** Kept again since the work began. */
    let keptAgain = false;
    const write = async (change: Partial<Intent>): Promise<void> => {
      for (;;) {
        const doc = { ...current, ...change, version: current.version + 1 };
        const [written] = await this.collection.upsert([{ doc, expectedVersion: current.version }]);
        if (written === true) current = doc;
        if (written === true) return;
        const newer = await this.collection.get(id);
        // Another instance is done with it; what is there now is another one.
        if (newer === undefined || newer.createdAt !== current.createdAt) return;
        keptAgain = true;
        current = { ...current, version: newer.version };
      }
    };
    const note = (data: unknown): Promise<void> => write({ data });
    const now = this.context.clock.now();
    const isOver = intent.expiresAt <= isoTime(now);
    const step = isOver ? await handler.expired(intent) : await handler.attempt(intent, note);
    if ('done' in step) {
      const deleted = keptAgain ? 0 : await this.collection.deleteWhere({ id, version: current.version });
      // What was done may be less than what is wanted now.
      if (deleted === 0) await this.workOn([id]);
      return;
    }
    const lifetimeMs = Date.parse(intent.expiresAt) - Date.parse(intent.createdAt);
    const life = isOver ? { createdAt: isoTime(now), expiresAt: isoTime(now + lifetimeMs) } : {};
    await write({ ...life, attempts: step.again === 'later' ? intent.attempts + 1 : 0, data: step.data ?? current.data });
    // What happened while it was worked on must not be slept over: by the version, by the note, or by a timer that is due sooner.
    const waitMs =
      keptAgain || this.working.get(id) === true
        ? 0
        : step.again === 'later'
          ? Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(intent.attempts, 20))
          : step.again;
    const dueMs = Math.min(this.context.clock.now() + waitMs, Date.parse(current.expiresAt));
    await this.context.store.timers.scheduleNoLater([timerOf(id, dueMs)]);
    if (waitMs === 0) this.loop.hurry();
  }
}

const timerOf = (id: string, dueMs: number): Timer => ({ id, kind: INTENT_TIMER, dueAt: isoTime(dueMs), payload: null });
