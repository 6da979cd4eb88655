import { Button, SegmentedControl, Skeleton } from '@mantine/core';
import { IconAlertTriangle, IconBoltFilled, IconCheck, IconReceipt } from '@tabler/icons-react';
import { useState } from 'react';
import { duration, energy, moment, percent, power, text } from '../api/format.js';
import { useSessions } from '../api/operations.js';
import type { Session } from '../api/types.js';
import { Empty, Failed } from './empty.js';
import { useNow } from './use-now.js';

type Filter = 'All' | 'Active' | 'Ended';

export function SessionTable({ onSession }: { onSession: (sessionId: string) => void }) {
  const [filter, setFilter] = useState<Filter>('All');
  const sessions = useSessions(filter === 'All' ? undefined : filter);
  return (
    <section aria-labelledby="sessions-title">
      <div className="section-head">
        <h2 id="sessions-title">Sessions</h2>
        <span className="push" />
        <SegmentedControl
          size="xs"
          aria-label="Which sessions"
          data={[
            { label: 'All', value: 'All' },
            { label: 'Open', value: 'Active' },
            { label: 'Ended', value: 'Ended' },
          ]}
          value={filter}
          onChange={(value) => setFilter(value === 'Active' || value === 'Ended' ? value : 'All')}
        />
      </div>
      <div className="panel scroll-x">
        {sessions.isError && sessions.rows.length === 0 ? (
          <Failed what="Sessions" error={sessions.error} onRetry={() => void sessions.refetch()} />
        ) : sessions.isPending ? (
          <Skeleton height={220} radius={14} />
        ) : sessions.rows.length === 0 ? (
          <Empty icon={<IconReceipt size={32} aria-hidden />} title={filter === 'Active' ? 'Nothing charges now' : 'No session yet'}>
            <p>A session shows here as soon as a station reports a transaction. Press Start on a station, or plug in and show a token.</p>
          </Empty>
        ) : (
          <Rows sessions={sessions.rows} onSession={onSession} />
        )}
      </div>
      {sessions.hasNextPage && (
        <Button mt="md" variant="default" loading={sessions.isFetchingNextPage} onClick={() => void sessions.fetchNextPage()}>
          Show older sessions
        </Button>
      )}
    </section>
  );
}

function Rows({ sessions, onSession }: { sessions: readonly Session[]; onSession: (sessionId: string) => void }) {
  const now = useNow(10_000);
  return (
    <table className="sessions">
      <thead>
        <tr>
          <th scope="col">Station</th>
          <th scope="col">State</th>
          <th scope="col">Started</th>
          <th scope="col" className="right">
            Lasted
          </th>
          <th scope="col" className="right">
            Power
          </th>
          <th scope="col" className="right">
            Battery
          </th>
          <th scope="col" className="right">
            Energy
          </th>
        </tr>
      </thead>
      <tbody>
        {sessions.map((session) => (
          // The button in the first cell does the same for the keyboard.
          <tr key={session.sessionId} onClick={() => onSession(session.sessionId)}>
            <td>
              <button type="button" className="row-link">
                <span className="sr">Session {session.transactionId ?? session.sessionId} on </span>
                {session.stationId}
                {session.evseId > 0 && <span className="muted"> · {session.evseId}</span>}
              </button>
            </td>
            <td>
              <SessionSign session={session} />
            </td>
            <td className="num muted">{session.startedAt === null ? 'not known' : moment(session.startedAt, now)}</td>
            <td className="num right narrow-hide">{lasted(session, now)}</td>
            <td className="num right narrow-hide">
              {session.state === 'Active' && session.powerW !== null ? text(power(session.powerW)) : <Dash />}
            </td>
            <td className="num right narrow-hide">
              {session.stateOfChargePercent === null ? <Dash /> : percent(session.stateOfChargePercent)}
            </td>
            <td className="num right">
              <b style={{ fontWeight: 600 }}>{text(energy(session.energyWh))}</b>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const Dash = () => <span className="muted">–</span>;

const lasted = (session: Session, now: number): string =>
  session.startedAt === null
    ? '–'
    : duration((session.endedAt === null ? now : Date.parse(session.endedAt)) - Date.parse(session.startedAt));

/** Open or ended, and whether something about it is odd. */
export function SessionSign({ session }: { session: Session }) {
  const open = session.state === 'Active';
  return (
    <span style={{ display: 'inline-flex', gap: 10, alignItems: 'center' }}>
      <span className="status" data-tone={open ? 'charging' : 'off'}>
        {open ? <IconBoltFilled size={16} aria-hidden /> : <IconCheck size={16} aria-hidden />}
        {open ? 'Open' : 'Ended'}
      </span>
      {(session.flags.length > 0 || session.incomplete) && (
        <span className="status" data-tone="waiting" style={{ fontWeight: 500 }}>
          <IconAlertTriangle size={16} aria-hidden />
          <span className="wide-only">odd</span>
          <span className="sr">Something is odd</span>
        </span>
      )}
    </span>
  );
}
