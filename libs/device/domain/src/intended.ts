import type {
  AttributeType,
  BootStatus,
  IntendedVariable,
  ModelVariable,
  ModelVariableName,
  TemplateAttributes,
} from '@voltlog/device-contract';
import { attributeKey, nameOf } from './variable-name.js';

/** A template that is in use. */
export interface Template extends TemplateAttributes {
  readonly templateId: string;
}

/** What templates look at. */
export interface TemplateSubject {
  readonly vendor: string;
  readonly model: string;
  readonly firmwareVersion: string;
}

/** Where a value comes from: the station's own intent, or a template. */
export type IntentSource = { readonly kind: 'station' } | { readonly kind: 'template'; readonly templateId: string };

export interface Intended extends IntendedVariable {
  readonly source: IntentSource;
  /** Other values for it that count less, the closest first. */
  readonly overridden: readonly { readonly source: IntentSource; readonly value: string }[];
}

/** True when the template is about such a station. Letters may be written either way, as makers do from one firmware to the next. */
export const matches = (template: TemplateAttributes, subject: TemplateSubject): boolean =>
  fits(template.vendor, subject.vendor) && fits(template.model, subject.model) && fits(template.firmwareVersion, subject.firmwareVersion);

/** True when a text is as a pattern says: empty: any; one that ends in `*`: begins so. Letters may be written either way. */
export function fits(pattern: string, text: string): boolean {
  if (pattern === '') return true;
  const wanted = pattern.toLowerCase();
  const has = text.toLowerCase();
  return wanted.endsWith('*') ? has.startsWith(wanted.slice(0, -1)) : has === wanted;
}

/**
 * Templates that are about the station, what counts most first: the one that names more of firmware, model and vendor (a whole
 * firmware version before a beginning of one), then the higher priority, then the lower id.
 */
export const matching = (templates: readonly Template[], subject: TemplateSubject): readonly Template[] =>
  templates
    .filter((template) => matches(template, subject))
    .toSorted(
      (a, b) =>
        closeness(b) - closeness(a) || b.priority - a.priority || (a.templateId < b.templateId ? -1 : a.templateId > b.templateId ? 1 : 0),
    );

const closeness = ({ vendor, model, firmwareVersion }: TemplateAttributes): number =>
  (firmwareVersion === '' ? 0 : firmwareVersion.endsWith('*') ? 4 : 8) + (model === '' ? 0 : 2) + (vendor === '' ? 0 : 1);

/** What a station is to have: its own intent first, then its templates, see {@link matching}. In order of names. */
export function intendedOf(
  templates: readonly Template[],
  own: readonly IntendedVariable[],
  subject: TemplateSubject,
): readonly Intended[] {
  const intended = new Map<string, Intended>();
  const layers: (readonly [IntentSource, readonly IntendedVariable[]])[] = [[{ kind: 'station' }, own]];
  for (const { templateId, variables } of matching(templates, subject)) layers.push([{ kind: 'template', templateId }, variables]);
  for (const [source, variables] of layers) {
    for (const variable of variables) {
      const key = attributeKey(variable);
      const above = intended.get(key);
      intended.set(
        key,
        above === undefined
          ? { ...variable, source, overridden: [] }
          : { ...above, overridden: [...above.overridden, { source, value: variable.value }] },
      );
    }
  }
  return [...intended].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, variable]) => variable);
}

/** What a booting station is answered by its templates; undefined: none says anything. */
export function bootOf(
  templates: readonly Template[],
  subject: TemplateSubject,
): { readonly status: BootStatus; readonly intervalSeconds: number; readonly templateId: string } | undefined {
  for (const { boot, bootIntervalSeconds, templateId } of matching(templates, subject))
    if (boot !== undefined) return { status: boot, intervalSeconds: bootIntervalSeconds, templateId };
  return undefined;
}

/**
 * What a station is answered when it boots: what was decided for it alone, else what its templates say. One that never told what it is
 * waits, if there is a template that could hold it back: what it is, is known from that boot on.
 *
 * @returns undefined: it is accepted
 */
export function bootAnswer(
  station: TemplateSubject & { readonly boot?: { readonly status: BootStatus; readonly intervalSeconds: number } },
  templates: readonly Template[],
): { readonly status: BootStatus; readonly intervalSeconds: number } | undefined {
  if (station.boot !== undefined) return station.boot.status === 'Accepted' ? undefined : station.boot;
  if (templates.length === 0) return undefined;
  if (station.vendor === '' && station.model === '')
    return templates.some(({ boot }) => boot === 'Pending' || boot === 'Rejected') ? UNKNOWN_WAITS : undefined;
  const told = bootOf(templates, station);
  return told === undefined || told.status === 'Accepted' ? undefined : told;
}

/** Short: it is known a moment later what the station is. */
const UNKNOWN_WAITS = { status: 'Pending', intervalSeconds: 10 } as const;

/** One variable, as it is and as it is to be. */
export interface Comparison extends ModelVariableName {
  readonly attributeType: AttributeType;
  /** Absent: the station did not tell. */
  readonly reported?: string;
  readonly mutability: 'ReadOnly' | 'WriteOnly' | 'ReadWrite';
  readonly unit: string;
  readonly intended?: Intended;
  /** `NotReported`: intended, and the station does not tell that it has it. */
  readonly difference: 'None' | 'Differs' | 'NotReported';
}

/** Intended and reported side by side, in order of names. */
export function compare(reported: readonly ModelVariable[], intended: readonly Intended[]): readonly Comparison[] {
  const rows = new Map<string, Comparison>();
  for (const variable of reported) {
    for (const { type, value, mutability = 'ReadWrite' } of variable.attributes) {
      const row: Comparison = {
        ...nameOf(variable),
        attributeType: type,
        ...(value === undefined ? {} : { reported: value }),
        mutability,
        unit: variable.characteristics?.unit ?? '',
        difference: 'None',
      };
      rows.set(attributeKey(row), row);
    }
  }
  for (const variable of intended) {
    const key = attributeKey(variable);
    const known = rows.get(key);
    const base: Comparison = known ?? {
      ...nameOf(variable),
      attributeType: variable.attributeType ?? 'Actual',
      mutability: 'ReadWrite',
      unit: '',
      difference: 'None',
    };
    const difference = known?.reported === undefined ? 'NotReported' : sameValue(known.reported, variable.value) ? 'None' : 'Differs';
    rows.set(key, { ...base, intended: variable, difference });
  }
  return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

/** A number. Texts like `0x10` and `` are none. */
const NUMBER = /^[+-]?\d+(\.\d+)?$/;

/** True when two values mean the same: `true` and `TRUE`, `1.0` and `1`, and lists with other spaces. */
export function sameValue(a: string, b: string): boolean {
  const [left, right] = [a.trim(), b.trim()];
  if (left === right) return true;
  if (NUMBER.test(left) && NUMBER.test(right)) return Number(left) === Number(right);
  const [lowLeft, lowRight] = [left.toLowerCase(), right.toLowerCase()];
  if (lowLeft === lowRight) return lowLeft === 'true' || lowLeft === 'false';
  return left.includes(',') && spaced(left) === spaced(right);
}

const spaced = (list: string): string =>
  list
    .split(',')
    .map((each) => each.trim())
    .join(',');

/** Variables named twice, in words; undefined: none. */
export function repeated(variables: readonly IntendedVariable[]): ModelVariableName | undefined {
  const seen = new Set<string>();
  for (const variable of variables) {
    const key = attributeKey(variable);
    if (seen.has(key)) return nameOf(variable);
    seen.add(key);
  }
  return undefined;
}
