/**
 * A map that forgets what was not asked for lately. Two generations instead of a list: a hit in the young one costs a plain look-up.
 * Holds at least `max / 2` and at most `max` of the entries used last.
 */
export class BoundedCache<Value> {
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();
  readonly #half: number;

  /** @param max 0: holds nothing */
  constructor(max: number) {
    this.#half = max === 0 ? 0 : Math.max(1, max >> 1);
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.set(key, old);
    }
    return old;
  }

  set(key: string, value: Value): void {
    if (this.#half === 0) return;
    this.#young.set(key, value);
    if (this.#young.size > this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }

  /** Entries held now. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
