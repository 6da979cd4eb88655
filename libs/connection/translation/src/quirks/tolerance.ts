import type { OcppVersion } from '@voltlog/connection-contract';

/** Names and indices from the payload down. */
export type Path = readonly string[];

/** Where a message breaks its schema. */
export interface Violated {
  readonly version: OcppVersion;
  readonly action: string;
  /** To the field that is wrong; of one that is missing, where it should be. */
  readonly path: Path;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Undefined: it is missing. */
  readonly value: unknown;
  /** What holds it. */
  readonly parent: unknown;
  /** ISO 8601, our clock. */
  readonly receivedAt: string;
}

/** One step of mending: `put` and `drop` change the message, `pass` lets a value stand that the schema refuses. */
export type Step =
  | { readonly do: 'put'; readonly path: Path; readonly value: unknown }
  | { readonly do: 'drop'; readonly path: Path }
  | { readonly do: 'pass'; readonly path: Path; readonly standIn: unknown };

/** @returns undefined: this is not what it tolerates */
export type Tolerance = (violated: Violated) => readonly Step[] | undefined;

export const put = (path: Path, value: unknown): readonly Step[] => [{ do: 'put', path, value }];
export const drop = (path: Path): readonly Step[] => [{ do: 'drop', path }];
export const pass = (path: Path, standIn: unknown): readonly Step[] => [{ do: 'pass', path, standIn }];

type Container = Record<string, unknown>;

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const name of path) {
    if (!isContainer(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

export function putAt(root: unknown, path: Path, value: unknown): void {
  const parent = valueAt(root, path.slice(0, -1));
  const name = path.at(-1);
  // Defined, not assigned: a field of the wire may be called `__proto__`.
  if (isContainer(parent) && name !== undefined)
    Object.defineProperty(parent, name, { value, enumerable: true, configurable: true, writable: true });
}

export function dropAt(root: unknown, path: Path): void {
  const parent = valueAt(root, path.slice(0, -1));
  const name = path.at(-1);
  if (name === undefined) return;
  if (Array.isArray(parent)) parent.splice(Number(name), 1);
  else if (isContainer(parent)) delete parent[name];
}
