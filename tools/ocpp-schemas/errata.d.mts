export interface Patch {
  /** The tolerance; errata have none. */
  readonly name?: string;
  readonly message: string;
  readonly source: string;
  /** Changes the schema as it is in the package, in place. */
  readonly apply: (schema: object) => void;
}

export const ERRATA: Readonly<Record<string, readonly Patch[]>>;
export const TOLERANCES: Readonly<Record<string, readonly Patch[]>>;
