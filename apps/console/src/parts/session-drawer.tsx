import { Button, Drawer, Loader } from '@mantine/core';
import { IconAlertTriangle, IconChartLine } from '@tabler/icons-react';
import { useState } from 'react';
import { wordsOf } from '../api/client.js';
import { nameOf, tell } from '../api/event-words.js';
import { flagWords } from '../api/flags.js';
import { duration, energy, moment, ocpp, percent, power, type Quantity, text, words } from '../api/format.js';
import { useReadings, useSession, useSessionEvents, useSessionNotices } from '../api/operations.js';
import { usePlatform } from '../api/platform.js';
import { readingsOf } from '../api/readings.js';
import type { Limit, Session, SessionEvent } from '../api/types.js';
import { Empty, Failed } from './empty.js';
import { EventRow } from './event-row.js';
import { MeterChart } from './meter-chart.js';
import { SessionSign } from './session-table.js';
import { useNow } from './use-now.js';

/** Everything about one session: figures, curve, what is odd, and the events it is made of. */
export function SessionDrawer({ sessionId, onClose }: { sessionId: string | undefined; onClose: () => void }) {
  return (
    <Drawer opened={sessionId !== undefined} onClose={onClose} position="right" size="xl" title="Session">
      {sessionId !== undefined && <Details sessionId={sessionId} />}
    </Drawer>
  );
}

function Details({ sessionId }: { sessionId: string }) {
  const session = useSession(sessionId);
  if (session.isPending) return <Loader aria-label="Reading the session" />;
  if (session.isError) return <Failed what="The session" error={session.error} onRetry={() => void session.refetch()} />;
  return (
    <div style={{ display: 'grid', gap: 28 }}>
      <Facts session={session.data} />
      {session.data.state === 'Active' && <Stop sessionId={sessionId} />}
      <Odd session={session.data} />
      <Notices sessionId={sessionId} />
      <Curve session={session.data} />
      <Events sessionId={sessionId} />
    </div>
  );
}

function Facts({ session }: { session: Session }) {
  const now = useNow();
  const end = session.endedAt === null ? now : Date.parse(session.endedAt);
  return (
    <div style={{ display: 'grid', gap: 18 }}>
      <SessionSign session={session} />
      <dl className="facts">
        <Fact big name="Energy" value={text(energy(session.energyWh))} />
        {session.state === 'Active' && session.powerW !== null && (
          <Fact big name="Power" value={text(power(session.powerW) satisfies Quantity)} />
        )}
        {session.stateOfChargePercent !== null && <Fact big name="Battery" value={percent(session.stateOfChargePercent)} />}
        {session.cost !== null && <Fact big name="Cost" value={`${session.cost.amount} ${session.cost.currency}`} />}
        {session.startedAt !== null && <Fact big name="Lasted" value={duration(end - Date.parse(session.startedAt))} />}
      </dl>
      <dl className="facts">
        <Fact name="Station" value={`${session.stationId}${session.evseId > 0 ? `, EVSE ${session.evseId}` : ''}`} />
        <Fact name="Transaction" value={session.transactionId ?? 'not known'} />
        <Fact name="ID token" value={session.idToken ?? 'none'} />
        <Fact name="Authorized" value={session.authorizationStatus ?? 'not asked'} />
        <Fact name="Started" value={session.startedAt === null ? 'not known' : moment(session.startedAt, now)} />
        {session.endedAt !== null && <Fact name="Ended" value={moment(session.endedAt, now)} />}
        {session.limit !== null && <Fact name="Limit" value={limitWords(session.limit)} />}
        {session.milestones.length > 0 && <Fact name="Milestones" value={session.milestones.map(({ kind }) => words(kind)).join(', ')} />}
        {session.idleSeconds !== null && <Fact name="Idle afterwards" value={duration(session.idleSeconds * 1_000)} />}
        {session.overshootWh !== null && <Fact name="Beyond its limit" value={text(energy(session.overshootWh))} />}
        {session.stoppedReason !== null && <Fact name="Because" value={words(session.stoppedReason)} />}
        {session.ocppVersion !== null && <Fact name="Protocol" value={ocpp(session.ocppVersion) ?? ''} />}
      </dl>
    </div>
  );
}

function limitWords({ energyWh, durationSeconds, cost, stateOfChargePercent }: Limit): string {
  return [
    energyWh === null ? '' : text(energy(energyWh)),
    durationSeconds === null ? '' : duration(durationSeconds * 1_000),
    cost === null ? '' : `${cost.amount} ${cost.currency}`,
    stateOfChargePercent === null ? '' : percent(stateOfChargePercent),
  ]
    .filter((part) => part !== '')
    .join(' or ');
}

/** Asks the station to stop, and says what it said; the platform repeats it until the session ends. */
function Stop({ sessionId }: { sessionId: string }) {
  const { api } = usePlatform();
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState('');
  const stop = (): void => {
    setBusy(true);
    api
      .post<{ stationStatus: string | null }>(`/v1/sessions/${encodeURIComponent(sessionId)}/stop`, {})
      .then(({ stationStatus }) =>
        setSaid(stationStatus === null ? 'The stop is on its way.' : `The station answered ${words(stationStatus)}.`),
      )
      .catch((error: unknown) => setSaid(wordsOf(error)))
      .finally(() => setBusy(false));
  };
  return (
    <div style={{ display: 'flex', gap: 12, alignItems: 'center' }}>
      <Button variant="default" loading={busy} onClick={stop}>
        Stop charging
      </Button>
      <span role="status">{said}</span>
    </div>
  );
}

const Fact = ({ name, value, big = false }: { name: string; value: string; big?: boolean }) => (
  <div style={{ minWidth: 0 }}>
    <dt>{name}</dt>
    <dd className={big ? 'num big' : 'num'} style={{ overflowWrap: 'anywhere', whiteSpace: 'normal' }}>
      {value}
    </dd>
  </div>
);

function Odd({ session }: { session: Session }) {
  const notes = [...session.flags.map(flagWords), ...(session.incomplete ? ['Messages of this transaction are known to be missing.'] : [])];
  if (notes.length === 0) return null;
  return (
    <section className="block" aria-label="What is odd">
      <ul className="notes">
        {notes.map((note) => (
          <li key={note}>
            <IconAlertTriangle size={16} aria-hidden />
            {note}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What the car asked for, who else limited the charge, how it was paid; nothing where nothing was told. */
function Notices({ sessionId }: { sessionId: string }) {
  const notices = useSessionNotices(sessionId);
  const now = useNow(10_000);
  if (notices.data === undefined || notices.data.data.length === 0) return null;
  return (
    <section className="block" aria-label="What the car and others asked">
      <h3>What the car and others asked</h3>
      <ul className="notes">
        {notices.data.data.map(({ noticeId, kind, at, details }) => (
          <li key={noticeId}>
            <span>
              <b>{words(kind)}</b> {at === null ? '' : moment(at, now)}:{' '}
              {Object.entries(details)
                .map(([name, value]) => `${words(name)} ${value}`)
                .join(', ')}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Curve({ session }: { session: Session }) {
  const readings = useReadings(session);
  const points = readingsOf(readings.data ?? []);
  return (
    <section className="block" aria-label="Meter values">
      <h3>Meter values</h3>
      {readings.isPending ? (
        <Loader aria-label="Reading the meter values" />
      ) : readings.isError ? (
        <Failed what="Meter values" error={readings.error} onRetry={() => void readings.refetch()} />
      ) : points.length === 0 ? (
        <Empty icon={<IconChartLine size={28} aria-hidden />} title="No reading of power">
          <p>The station has not sent power or battery values for this session.</p>
        </Empty>
      ) : (
        <MeterChart readings={points} />
      )}
    </section>
  );
}

function Events({ sessionId }: { sessionId: string }) {
  const events = useSessionEvents(sessionId);
  return (
    <section className="block timeline" aria-label="Events behind this session">
      <h3>Events behind it</h3>
      {events.isPending && <Loader aria-label="Reading the events" />}
      {events.isError && <Failed what="Events" error={events.error} onRetry={() => void events.refetch()} />}
      <ul className="events" style={{ overflow: 'visible' }}>
        {events.data?.data.map((event) => (
          <EventRow key={event.eventId} time={event.at} station={undefined} words={wordsFor(event)} raw={event} />
        ))}
      </ul>
    </section>
  );
}

function wordsFor(event: SessionEvent) {
  const data = typeof event.data === 'object' && event.data !== null ? (event.data as Record<string, unknown>) : {};
  const type = event.type.includes('.') ? event.type : `voltlog.session.${event.type}.v1`;
  const told = tell({ id: event.eventId, type, time: event.at ?? '', stationId: null, subject: null, data });
  return { ...told, sentence: told.sentence || nameOf(type) };
}
