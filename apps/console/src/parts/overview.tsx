import { useEffect, useState } from 'react';
import { count, energy, power, type Quantity } from '../api/format.js';
import { FIGURES_MAX, useActiveSessions, useConnectionCount, useRecentSessions, useStations } from '../api/operations.js';
import type { Session } from '../api/types.js';
import { Trend } from './trend.js';
import { useNow } from './use-now.js';

/** Values of the power curve at the top; one every two seconds. */
const TREND_MAX = 150;
const TREND_EVERY_MS = 2_000;

/** The four figures an operator looks at first. */
export function Overview() {
  const active = useActiveSessions();
  const recent = useRecentSessions();
  const connections = useConnectionCount();
  const stations = useStations();
  const running = active.data?.data ?? [];
  const powerW = running.reduce((sum, session) => sum + (session.powerW ?? 0), 0);
  const charging = running.filter((session) => (session.powerW ?? 0) > 0).length;
  const today = sinceMidnight(recent.data?.data ?? []);
  const all = `${count(stations.rows.length)}${stations.hasNextPage ? '+' : ''}`;
  const more = active.data?.nextCursor === null || active.data === undefined ? '' : '+';
  return (
    <section aria-label="Overview">
      <dl className="panel figures" style={{ margin: 0 }}>
        <Figure
          label="Power now"
          quantity={active.data && power(powerW)}
          sub={running.length === 0 ? 'Nothing charges' : `over ${count(running.length)}${more} open ${plural(running.length, 'session')}`}
        >
          <PowerTrend powerW={active.data === undefined ? undefined : powerW} />
        </Figure>
        <Figure
          label="Charging"
          quantity={active.data && { value: `${count(charging)}${more}`, unit: '' }}
          sub={`${count(running.length - charging)} waiting`}
        />
        <Figure
          label="Online"
          quantity={connections.data && { value: count(connections.data.total), unit: '' }}
          sub={`of ${all} ${plural(stations.rows.length, 'station')}`}
        />
        <Figure
          label="Energy today"
          quantity={recent.data && energy(today.wattHours)}
          sub={`${today.cut ? 'last ' : ''}${count(today.sessions)} ${plural(today.sessions, 'session')}`}
        />
      </dl>
    </section>
  );
}

function Figure({
  label,
  quantity,
  sub,
  children,
}: {
  label: string;
  quantity: Quantity | undefined;
  sub: string;
  children?: React.ReactNode;
}) {
  return (
    <div className="figure">
      <dt>{label}</dt>
      <dd>
        <span className="value num">
          {quantity?.value ?? '–'}
          {quantity !== undefined && quantity.unit !== '' && <span className="unit">{quantity.unit}</span>}
        </span>
        <div className="sub num">{quantity === undefined ? '\u00a0' : sub}</div>
        {children}
      </dd>
    </div>
  );
}

/** The power since this page was opened. */
function PowerTrend({ powerW }: { powerW: number | undefined }) {
  const tick = useNow(TREND_EVERY_MS);
  const [values, setValues] = useState<readonly number[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a value is taken at every tick, whether it changed or not
  useEffect(() => {
    if (powerW !== undefined) setValues((known) => [...known, powerW].slice(-TREND_MAX));
  }, [tick]);
  return (
    <div className="figure-trend">
      <Trend values={values} />
    </div>
  );
}

const plural = (n: number, word: string): string => (n === 1 ? word : `${word}s`);

function sinceMidnight(sessions: readonly Session[]): { wattHours: number; sessions: number; cut: boolean } {
  const midnight = new Date().setHours(0, 0, 0, 0);
  const today = sessions.filter((session) => session.startedAt !== null && Date.parse(session.startedAt) >= midnight);
  return {
    wattHours: today.reduce((sum, session) => sum + session.energyWh, 0),
    sessions: today.length,
    cut: today.length === sessions.length && sessions.length >= FIGURES_MAX,
  };
}
