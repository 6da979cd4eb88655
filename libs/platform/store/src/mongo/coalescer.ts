/** Items of one request to the database; callers beyond wait for the next. */
const ITEMS_MAX = 2_000;

interface Call<Item, Result> {
  readonly items: readonly Item[];
  resolve(results: readonly Result[]): void;
  reject(error: unknown): void;
}

/** Callers that wait at the same time share one request; one request is under way at a time, so they keep their order. */
export class Coalescer<Item, Result> {
  #waiting: Call<Item, Result>[] = [];
  #running = false;

  /**
   * @param run one result per item, in order
   * @param isOutage an error that strikes all alike; any other one is brought home to the call that causes it
   */
  constructor(
    private readonly run: (items: readonly Item[]) => Promise<readonly Result[]>,
    private readonly isOutage: (error: unknown) => boolean,
  ) {}

  submit(items: readonly Item[]): Promise<readonly Result[]> {
    if (items.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, resolve, reject });
      if (this.#running) return;
      this.#running = true;
      setImmediate(() => void this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      let count = 0;
      let items = 0;
      while (count < this.#waiting.length && (count === 0 || items < ITEMS_MAX)) {
        items += this.#waiting[count]?.items.length ?? 0;
        count += 1;
      }
      await this.#settle(this.#waiting.splice(0, count));
    }
    this.#running = false;
  }

  async #settle(calls: readonly Call<Item, Result>[]): Promise<void> {
    try {
      const results = await this.run(calls.length === 1 ? (calls[0]?.items ?? []) : calls.flatMap((call) => call.items));
      let from = 0;
      for (const { items, resolve } of calls) {
        resolve(results.slice(from, from + items.length));
        from += items.length;
      }
    } catch (error) {
      if (calls.length > 1 && !this.isOutage(error)) for (const call of calls) await this.#settle([call]);
      else for (const { reject } of calls) reject(error);
    }
  }
}
