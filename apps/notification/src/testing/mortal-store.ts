import { OperatingError } from '@voltlog/kernel';
import type { Store } from '@voltlog/store';

/** Its writes work until there were so many; afterwards nothing does, as if the process were gone. */
export class MortalStore {
  dead = false;

  /** @param uncounted methods that do not count, though they fail as all do when it is dead */
  constructor(
    private readonly inner: Store,
    private writesLeft: number,
    private readonly uncounted: readonly string[] = [],
  ) {}

  dieAfter(writes: number): void {
    this.writesLeft = writes;
  }

  /** What comes of work, or nothing when the process died over it. @throws what failed while it lived */
  outcome<T>(work: Promise<T>): Promise<T | undefined> {
    return work.catch((error: unknown) => {
      if (!this.dead) throw error;
      return undefined;
    });
  }

  get store(): Store {
    const streams = this.mortal(this.inner.streams, ['append', 'markPublished']);
    const timers = this.mortal(this.inner.timers, ['schedule', 'scheduleNoLater', 'cancel', 'claim', 'complete']);
    return {
      shared: true,
      streams,
      timers,
      files: this.inner.files,
      collection: async (name, schema) => this.mortal(await this.inner.collection(name, schema), ['upsert', 'delete', 'deleteWhere']),
      swapCollection: (rebuilt, live) => this.inner.swapCollection(rebuilt, live),
      health: () => this.inner.health(),
      close: async () => {},
    };
  }

  private mortal<T extends object>(target: T, writes: readonly string[]): T {
    return new Proxy(target, {
      get: (object, key) => {
        const method: unknown = Reflect.get(object, key);
        if (typeof method !== 'function') return method;
        if (!writes.includes(String(key))) return method.bind(object);
        return (...args: readonly unknown[]): unknown => {
          if (!this.uncounted.includes(String(key))) this.writesLeft -= 1;
          if (this.writesLeft < 0) this.dead = true;
          return this.dead ? Promise.reject(new OperatingError('Killed', 'the process is gone')) : Reflect.apply(method, object, args);
        };
      },
    });
  }
}
