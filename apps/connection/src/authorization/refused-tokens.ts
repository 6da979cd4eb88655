/** Tokens kept in memory; those that were refused longest ago go first. */
const MEMORY_MAX = 50_000;

/** What the authorization service said of a token that is good nowhere. */
export interface RefusedToken {
  /** OCPP 2.1 AuthorizationStatusEnumType */
  readonly status: string;
  readonly reason: string;
  readonly decidedAtMs: number;
}

/**
 * The tokens that were refused because they are good nowhere, and of which nothing else was said since, for the time in which the authorization service is
 * away. In memory alone: an instance that has just started knows none.
 */
export class RefusedTokens {
  private readonly memory = new Map<string, RefusedToken>();

  get(key: string): RefusedToken | undefined {
    return this.memory.get(key);
  }

  refused(key: string, token: RefusedToken): void {
    this.memory.delete(key);
    this.memory.set(key, token);
    if (this.memory.size <= MEMORY_MAX) return;
    const oldest = this.memory.keys().next();
    if (oldest.done !== true) this.memory.delete(oldest.value);
  }

  /** Something else was said of it since. */
  forget(key: string): void {
    this.memory.delete(key);
  }
}
