import type { ClaimedTimer, Store, Timer, TimerStore } from '@voltlog/store';

/** Timers of which is seen when none was due, and none is in work, so that a test need not sleep. */
export class ObservedTimers implements TimerStore {
  private count = 0;
  private readonly emptyAt = new Map<string, number>();
  private readonly inWork = new Set<string>();

  constructor(
    private readonly inner: TimerStore,
    private readonly kinds: readonly string[],
  ) {}

  /** This moment. */
  mark(): number {
    this.count += 1;
    return this.count;
  }

  /** True when timers of every kind were looked for since, and there were none. */
  quietSince(mark: number, kinds = this.kinds): boolean {
    return this.inWork.size === 0 && kinds.every((kind) => (this.emptyAt.get(kind) ?? 0) > mark);
  }

  schedule(timers: readonly Timer[]): Promise<void> {
    return this.inner.schedule(timers);
  }

  scheduleNoLater(timers: readonly Timer[]): Promise<void> {
    return this.inner.scheduleNoLater(timers);
  }

  cancel(ids: readonly string[]): Promise<void> {
    return this.inner.cancel(ids);
  }

  async claim(options: Parameters<TimerStore['claim']>[0]): Promise<readonly ClaimedTimer[]> {
    const begun = this.mark();
    const due = await this.inner.claim(options);
    for (const { id } of due) this.inWork.add(id);
    if (due.length === 0) this.emptyAt.set(options.kind, begun);
    return due;
  }

  async complete(timers: Parameters<TimerStore['complete']>[0]): Promise<void> {
    await this.inner.complete(timers);
    for (const { id } of timers) this.inWork.delete(id);
  }
}

/** A store with other timers, which several instances may have. */
export const observed = (store: Store, timers: TimerStore): Store => ({
  shared: true,
  streams: store.streams,
  timers,
  files: store.files,
  collection: (name, schema) => store.collection(name, schema),
  swapCollection: (rebuilt, live) => store.swapCollection(rebuilt, live),
  health: () => store.health(),
  close: () => store.close(),
});
