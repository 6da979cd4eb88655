import type { OcppVersion } from '../station-facts.js';
import { QUIRKS } from './catalogue.js';
import type { MakePattern, Quirk, QuirkCause, QuirkChoices, QuirkId, StationMake } from './quirk.js';

interface Compiled {
  readonly quirk: Quirk;
  readonly fits: readonly ((make: StationMake) => boolean)[];
}

const compiled: readonly Compiled[] = QUIRKS.map((quirk) => ({ quirk, fits: quirk.stations.map(compile) }));
const byId = new Map<string, Quirk>(QUIRKS.map((quirk) => [quirk.id, quirk]));

export const quirkOf = (id: string): Quirk | undefined => byId.get(id);

/** What is known and speaks of itself; `ocppVersion` is another text than those of OCPP where nothing was heard yet. */
export interface QuirkSubject extends StationMake {
  readonly ocppVersion: string;
}

/** A quirk as it stands for one station. */
export interface StationQuirk {
  readonly quirk: Quirk;
  readonly on: boolean;
  readonly because: QuirkCause;
}

/** Every quirk of the station's version, in the order of the catalogue; of all versions while its version is not known. */
export function quirksOf(subject: QuirkSubject, choices: QuirkChoices): readonly StationQuirk[] {
  return compiled
    .filter(({ quirk }) => subject.ocppVersion === '' || quirk.versions.includes(subject.ocppVersion as OcppVersion))
    .map(({ quirk, fits }) => {
      if (choices.off.includes(quirk.id)) return { quirk, on: false, because: 'Operator' };
      if (choices.on.includes(quirk.id)) return { quirk, on: true, because: 'Operator' };
      const known = fits.some((fit) => fit(subject));
      return { quirk, on: known, because: known ? 'Make' : 'None' };
    });
}

/** The ids of those that are on. */
export const quirksOn = (subject: QuirkSubject, choices: QuirkChoices): readonly QuirkId[] =>
  quirksOf(subject, choices).flatMap(({ quirk, on }) => (on ? [quirk.id] : []));

function compile(pattern: MakePattern): (make: StationMake) => boolean {
  const tests = (['vendor', 'model', 'firmwareVersion'] as const).flatMap((name) => {
    const text = pattern[name];
    return text === undefined ? [] : [{ name, regex: new RegExp(text, 'i') }];
  });
  // A station of which nothing is known is of no make.
  return (make) => make.vendor + make.model !== '' && tests.every(({ name, regex }) => regex.test(make[name]));
}
