import type { Milestone } from '../api/types.js';
import { type TextKey, useWords } from '../i18n/index.js';

const KINDS: Readonly<Record<string, TextKey>> = {
  ChargingStarted: 'milestoneChargingStarted',
  ParkingStarted: 'milestoneParkingStarted',
  BatteryAt: 'milestoneBatteryAt',
  BatteryFull: 'milestoneBatteryFull',
  SuspendedByVehicle: 'milestoneSuspendedByVehicle',
  SuspendedByStation: 'milestoneSuspendedByStation',
  LimitReached: 'milestoneLimitReached',
  ChargingEnded: 'milestoneChargingEnded',
  SessionEnded: 'milestoneSessionEnded',
  Faulted: 'milestoneFaulted',
  FaultCleared: 'milestoneFaultCleared',
};

/** What happened so far, in order of time. */
export function History({ milestones, timeZone }: { readonly milestones: readonly Milestone[]; readonly timeZone: string | null }) {
  const { t, formats } = useWords();
  const told = milestones.flatMap(({ kind, at, stateOfChargePercent }) => {
    const word = KINDS[kind];
    if (word === undefined || at === null) return [];
    return [{ at, text: t(word, { percent: stateOfChargePercent === null ? '' : formats.percent(stateOfChargePercent) }) }];
  });
  if (told.length === 0) return null;
  return (
    <section className="card history no-print">
      <h2>{t('history')}</h2>
      <ol>
        {told.map(({ at, text }) => (
          <li key={`${at} ${text}`}>
            <time dateTime={at}>{formats.time(at, timeZone)}</time> {text}
          </li>
        ))}
      </ol>
    </section>
  );
}
