import { QUIRKS, type QuirkId, quirkOf } from '@voltlog/connection-contract';
import type { OcppProtocol, Payload } from '@voltlog/ocpp-rpc';
import { MEANINGS } from './meanings.js';
import { dropAt, type Path, putAt, type Step, type Tolerance, type Violated, valueAt } from './tolerance.js';
import { VIOLATIONS } from './violations.js';

/** Steps of mending one message: more than the samples of three phases and a dozen measurands. */
const STEPS_MAX = 200;
/** Characters looked at while mending one message, over all steps: a long message gets fewer of them. */
const CHARS_MAX = 4_000_000;

/** The quirks of one station that are on. */
export interface ActiveQuirks {
  readonly violations: readonly QuirkId[];
  readonly meanings: readonly QuirkId[];
}

/** A message as it is meant, and what was tolerated for that. */
export interface Tolerated {
  readonly payload: Payload;
  /** In the order they were needed, each once. */
  readonly quirks: readonly QuirkId[];
}

/** What a message that was received is, beside its payload. */
export interface Message {
  readonly action: string;
  readonly payload: Payload;
  /** Length of the frame's text. */
  readonly chars: number;
  /** ISO 8601, our clock. */
  readonly receivedAt: string;
}

const active = new Map<string, ActiveQuirks | undefined>();

/** @returns undefined: none, so that stations without quirks cost one comparison */
export function activeQuirks(ids: readonly QuirkId[]): ActiveQuirks | undefined {
  if (ids.length === 0) return undefined;
  const key = ids.join();
  // At most as many as there are combinations of what operators choose; forgotten, they are made anew.
  if (active.size > 10_000) active.clear();
  let quirks = active.get(key);
  if (quirks === undefined) {
    quirks = {
      violations: ids.filter((id) => quirkOf(id)?.kind === 'violation'),
      meanings: ids.filter((id) => quirkOf(id)?.kind === 'meaning'),
    };
    active.set(key, quirks);
  }
  return quirks;
}

/** Everything that could mend a message of the version. */
export const mendable = (version: OcppProtocol['version']): readonly QuirkId[] =>
  QUIRKS.filter(({ kind, versions }) => kind === 'violation' && versions.includes(version)).map(({ id }) => id);

/**
 * A request that breaks its schema, mended by these quirks until it passes.
 *
 * @returns undefined: they do not suffice. The message itself is never changed
 */
export function mend(protocol: OcppProtocol, quirks: readonly QuirkId[], message: Message): Tolerated | undefined {
  if (quirks.length === 0 || !protocol.hasAction(message.action, 'station')) return undefined;
  const checked = structuredClone(message.payload);
  const used = structuredClone(message.payload);
  const needed = new Set<QuirkId>();
  const steps = Math.min(STEPS_MAX, Math.ceil(CHARS_MAX / Math.max(1, message.chars)));
  for (let step = 0; step <= steps; step++) {
    const violation = protocol.violationOf(message.action, checked);
    if (violation === undefined) return needed.size === 0 ? undefined : { payload: used, quirks: [...needed] };
    const { instancePath, keyword, params } = violation;
    const path = pathOf(instancePath, params);
    const violated: Violated = {
      version: protocol.version,
      action: message.action,
      path,
      keyword,
      params,
      value: valueAt(checked, path),
      parent: valueAt(checked, path.slice(0, -1)),
      receivedAt: message.receivedAt,
    };
    if (!apply(quirks, violated, { checked, used, needed })) return undefined;
  }
  return undefined;
}

interface Mending {
  readonly checked: Payload;
  readonly used: Payload;
  readonly needed: Set<QuirkId>;
}

/** By the first that tolerates it. */
function apply(quirks: readonly QuirkId[], violated: Violated, mending: Mending): boolean {
  for (const id of quirks) {
    const tolerance: Tolerance | undefined = VIOLATIONS[id];
    const steps = tolerance?.(violated);
    if (steps === undefined) continue;
    for (const step of steps) take(step, mending);
    mending.needed.add(id);
    return true;
  }
  return false;
}

function take(step: Step, { checked, used }: Mending): void {
  switch (step.do) {
    case 'put':
      putAt(checked, step.path, step.value);
      putAt(used, step.path, structuredClone(step.value));
      return;
    case 'drop':
      dropAt(checked, step.path);
      dropAt(used, step.path);
      return;
    default:
      // A list keeps what is good in it; only an empty one needs to be stood in for.
      if (isFilled(valueAt(checked, step.path)) && Array.isArray(step.standIn)) return;
      putAt(checked, step.path, step.standIn);
  }
}

const isFilled = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

/** A request that is well formed, read as the station means it; undefined: as it is sent. */
export function readAsMeant(
  quirks: readonly QuirkId[],
  { version, message }: { readonly version: OcppProtocol['version']; readonly message: Message },
): Tolerated | undefined {
  let payload: Payload | undefined;
  const needed: QuirkId[] = [];
  for (const id of quirks) {
    const meant = MEANINGS[id]?.({
      version,
      action: message.action,
      payload: payload ?? message.payload,
      receivedAt: message.receivedAt,
    });
    if (meant === undefined) continue;
    payload = meant;
    needed.push(id);
  }
  return payload === undefined ? undefined : { payload, quirks: needed };
}

/** To the field itself: a schema says of a missing or an unknown one where it should be or is. */
function pathOf(instancePath: string, params: Readonly<Record<string, unknown>>): Path {
  const path = instancePath === '' ? [] : instancePath.slice(1).split('/').map(unescaped);
  const name = params['missingProperty'] ?? params['additionalProperty'];
  return typeof name === 'string' ? [...path, name] : path;
}

/** RFC 6901 §4 */
const unescaped = (name: string): string => name.replaceAll('~1', '/').replaceAll('~0', '~');
