export interface LanesOptions {
  /** Works at once, over all lanes. */
  readonly total: number;
  /** Works at once in one lane. */
  readonly perLane: number;
  /** Works that wait in one lane; more are not taken. */
  readonly waitingPerLane: number;
  /** Works that wait in all lanes together; more are not taken. */
  readonly waitingTotal: number;
}

interface Work {
  readonly id: string;
  run(): Promise<void>;
}

interface Lane {
  running: number;
  readonly waiting: Work[];
}

/** Bounded work, by target: one that is slow or down takes its own places and nobody else's, and those that wait take turns. */
export class Lanes {
  private readonly lanes = new Map<string, Lane>();
  private readonly ids = new Set<string>();
  private running = 0;
  private idle: (() => void) | undefined;
  private stopping = false;

  constructor(private readonly options: LanesOptions) {}

  /** Works that would begin at once in this lane. */
  room(name: string): number {
    const lane = this.lanes.get(name);
    if (this.stopping || (lane !== undefined && lane.waiting.length > 0)) return 0;
    return Math.max(0, Math.min(this.options.perLane - (lane?.running ?? 0), this.options.total - this.running));
  }

  /**
   * Takes work; the same id again while it waits or runs is the same work.
   *
   * @param run never rejects
   * @returns false when there is no room even to wait
   */
  offer(name: string, id: string, run: () => Promise<void>): boolean {
    if (this.ids.has(id)) return true;
    if (this.stopping) return false;
    const lane = this.lanes.get(name) ?? { running: 0, waiting: [] };
    if (lane.waiting.length >= this.options.waitingPerLane) return false;
    if (this.ids.size - this.running >= this.options.waitingTotal) return false;
    this.lanes.set(name, lane);
    this.ids.add(id);
    lane.waiting.push({ id, run });
    this.fill();
    return true;
  }

  /** Whether it waits or runs here. */
  has(id: string): boolean {
    return this.ids.has(id);
  }

  get pending(): number {
    return this.ids.size;
  }

  /** Begins nothing more; resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const lane of this.lanes.values()) for (const { id } of lane.waiting.splice(0)) this.ids.delete(id);
    if (this.running === 0) return;
    await new Promise<void>((resolve) => {
      this.idle = resolve;
    });
  }

  private fill(): void {
    for (const [name, lane] of this.lanes) {
      while (this.running < this.options.total && lane.running < this.options.perLane && lane.waiting.length > 0) this.begin(name, lane);
    }
  }

  private begin(name: string, lane: Lane): void {
    const work = lane.waiting.shift();
    if (work === undefined) return;
    lane.running += 1;
    this.running += 1;
    void work.run().finally(() => this.end(name, lane, work.id));
  }

  private end(name: string, lane: Lane, id: string): void {
    this.ids.delete(id);
    lane.running -= 1;
    this.running -= 1;
    // To the end of the round, so that lanes take turns.
    this.lanes.delete(name);
    if (lane.running > 0 || lane.waiting.length > 0) this.lanes.set(name, lane);
    this.fill();
    if (this.running === 0) this.idle?.();
  }
}
