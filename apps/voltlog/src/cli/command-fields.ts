/** What of a schema of the API's own description is read here. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly description?: string;
  readonly default?: unknown;
}

interface Operation {
  readonly summary?: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> };
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, { readonly post?: Operation }>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface Field {
  /** `a.b`, and `a[].b` within a list. */
  readonly field: string;
  readonly needed: boolean;
  readonly value: string;
  readonly says: string;
}

/** No request is as deep; a schema that names itself would have no end. */
const DEPTH_MAX = 8;
/** What says no more than that it is a whole number: of 32 bits, or of those that JavaScript tells apart. */
const UNBOUNDED = 2 ** 31 - 1;
const ROUTE = /^\/v1\/stations\/\{stationId\}\/commands\/(.+)$/;

/** Every command has a route; the API's own description lists them. By name: what its route says. */
export function commandsOf({ paths }: ApiDocument): ReadonlyMap<string, Operation> {
  return new Map(
    Object.entries(paths).flatMap(([path, { post }]) => {
      const name = ROUTE.exec(path)?.[1];
      return name === undefined || post === undefined ? [] : [[name, post] as const];
    }),
  );
}

/** What a command may be told, in the order of the API's description. */
export function fieldsOf({ requestBody }: Operation, { components }: ApiDocument): readonly Field[] {
  const schema = Object.values(requestBody?.content ?? {})[0]?.schema;
  return schema === undefined ? [] : within(schema, { at: '', needed: true, depth: 0 });

  function within(told: Schema, { at, needed, depth }: { readonly at: string; readonly needed: boolean; readonly depth: number }): Field[] {
    const { description } = told;
    const { properties, items, required = [], ...leaf } = resolved(told);
    if (depth < DEPTH_MAX && properties !== undefined)
      return Object.entries(properties).flatMap(([name, field]) =>
        within(field, { at: at === '' ? name : `${at}.${name}`, needed: needed && required.includes(name), depth: depth + 1 }),
      );
    if (depth < DEPTH_MAX && items !== undefined) return within(items, { at: `${at}[]`, needed, depth: depth + 1 });
    return [{ field: at, needed, value: valueOf(leaf), says: description ?? leaf.description ?? '' }];
  }

  /** Where it may be null, what it is else. */
  function resolved(schema: Schema): Schema {
    const { $ref, anyOf } = schema;
    if ($ref !== undefined) return resolved(components.schemas[$ref.slice($ref.lastIndexOf('/') + 1)] ?? {});
    const [one] = (anyOf ?? []).filter(({ type }) => type !== 'null');
    return one === undefined ? schema : resolved(one);
  }
}

function valueOf({ type = 'any', enum: words, format, minimum, maximum, maxLength, default: otherwise }: Schema): string {
  const bounds = [minimum, maximum].map((bound) => (bound === undefined || Math.abs(bound) >= UNBOUNDED ? '' : String(bound)));
  const range = bounds.some(Boolean) ? ` ${bounds.join('..')}` : '';
  const length = maxLength === undefined ? '' : ` of at most ${maxLength}`;
  const value = words === undefined ? `${format ?? type}${range}${length}` : words.join(' | ');
  return otherwise === undefined || otherwise === '' ? value : `${value}, else ${String(otherwise)}`;
}
