/** What the list says of a token. */
export interface ListedToken {
  readonly idToken: string;
  /** Absent in a difference: the token leaves the list. */
  readonly status: string | undefined;
  readonly groupId: string | undefined;
  /** ms since the Unix epoch. */
  readonly expiresAt: number | undefined;
}

export interface ListUpdate {
  readonly version: number;
  readonly differential: boolean;
  readonly tokens: readonly ListedToken[];
}

/** What the maker gave the station room for. */
export interface ListLimits {
  readonly entriesMax: number;
  readonly itemsPerMessage: number;
}

export const LIST_LIMITS: ListLimits = { entriesMax: 100, itemsPerMessage: 20 };

/**
 * The list of tokens that a station lets in by itself. Sources: OCPP 1.6 §3.5.2, §5.15; OCPP 2.0.1 Part 2 D01, D02.
 */
export class LocalList {
  private tokens = new Map<string, ListedToken>();
  private number = 0;

  constructor(readonly limits: ListLimits) {}

  /** 0 says that the list is empty, or that there is none. */
  get version(): number {
    return this.tokens.size === 0 ? 0 : this.number;
  }

  get size(): number {
    return this.tokens.size;
  }

  /** Takes an update as a whole or leaves the list as it is. A difference has to be newer than the list. */
  update({ version, differential, tokens }: ListUpdate): 'Accepted' | 'Failed' | 'VersionMismatch' {
    if (tokens.length > this.limits.itemsPerMessage || version <= 0) return 'Failed';
    if (differential && version <= this.number) return 'VersionMismatch';
    const next = new Map(differential ? this.tokens : []);
    for (const token of tokens) {
      if (token.status === undefined) next.delete(keyOf(token.idToken));
      else next.set(keyOf(token.idToken), token);
    }
    if (next.size > this.limits.entriesMax) return 'Failed';
    this.tokens = next;
    this.number = version;
    return 'Accepted';
  }

  /** undefined: the token is not on the list, or no longer good on it. */
  find(idToken: string, now: number): ListedToken | undefined {
    const token = this.tokens.get(keyOf(idToken));
    return token?.expiresAt !== undefined && token.expiresAt <= now ? undefined : token;
  }

  /** Lost with its memory; nobody is told. */
  forget(): void {
    this.tokens.clear();
    this.number = 0;
  }
}

const keyOf = (idToken: string): string => idToken.toUpperCase();
