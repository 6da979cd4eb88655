import type { IntendedMonitor, ModelMonitor, MonitoringBase } from '@voltlog/device-contract';
import { matching, type Template, type TemplateSubject } from './intended.js';
import { variableKey } from './variable-name.js';

/** Monitors in one template. */
export const INTENDED_MONITORS_MAX = 200;

/** What a station is to watch, and how much of it it is to tell. */
export interface IntendedMonitoring {
  readonly monitors: readonly (IntendedMonitor & { readonly templateId: string })[];
  /** Absent: no template says. */
  readonly base?: MonitoringBase;
  readonly level?: number;
}

/** A variable has one monitor of a type and severity. Source: OCPP 2.0.1 Part 2 N04.FR.12 (`Duplicate`) */
export const monitorKey = ({ variable, type, severity }: Pick<IntendedMonitor, 'variable' | 'type' | 'severity'>): string =>
  `${variableKey(variable)}\t${type}\t${severity}`;

/** By its templates: of the same monitor in several the closest counts, see {@link matching}. */
export function intendedMonitoring(templates: readonly Template[], subject: TemplateSubject): IntendedMonitoring {
  const closest = matching(templates, subject);
  const monitors = new Map<string, IntendedMonitoring['monitors'][number]>();
  for (const { templateId, monitors: of = [] } of closest)
    for (const monitor of of) if (!monitors.has(monitorKey(monitor))) monitors.set(monitorKey(monitor), { ...monitor, templateId });
  const base = closest.find(({ monitoringBase }) => monitoringBase !== undefined)?.monitoringBase;
  const level = closest.find(({ monitoringLevel }) => monitoringLevel !== undefined)?.monitoringLevel;
  return { monitors: [...monitors.values()], ...(base === undefined ? {} : { base }), ...(level === undefined ? {} : { level }) };
}

/** The monitor among those a station has that is this one, with whatever value. */
export const heldMonitor = (held: Iterable<ModelMonitor>, monitor: IntendedMonitor): ModelMonitor | undefined =>
  [...held].find((each) => monitorKey(each) === monitorKey(monitor));

/** True when the station watches just that. */
export const isHeld = (held: ModelMonitor | undefined, { value, transaction }: IntendedMonitor): boolean =>
  held !== undefined && held.value === value && held.transaction === transaction;

/** What is to be set, `monitorId` 0: anew; else in the place of that one. */
export const monitorsToSet = (intended: readonly IntendedMonitor[], held: readonly ModelMonitor[]): readonly ModelMonitor[] =>
  intended.flatMap((monitor) => {
    const there = heldMonitor(held, monitor);
    const { variable, type, value, severity, transaction } = monitor;
    return isHeld(there, monitor) ? [] : [{ monitorId: there?.monitorId ?? 0, variable, type, value, severity, transaction }];
  });
