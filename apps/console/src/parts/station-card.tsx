import { Button } from '@mantine/core';
import { useState } from 'react';
import { duration, energy, ocpp, percent, power, text } from '../api/format.js';
import { useReadings } from '../api/operations.js';
import { usePlatform } from '../api/platform.js';
import { readingsOf } from '../api/readings.js';
import type { Connector, Evse, Session, Station } from '../api/types.js';
import { Acceptance } from './acceptance.js';
import { Answer } from './answer.js';
import { MessageDrawer } from './message-drawer.js';
import { StartDialog } from './start-dialog.js';
import { StationMenu } from './station-menu.js';
import { StatusSign, statusOf } from './status.js';
import { Trend } from './trend.js';
import { useCommand } from './use-command.js';
import { useNow } from './use-now.js';
import { stationHash } from './use-view.js';

/** Points of the small curve on a card. */
const TREND_MAX = 60;

interface Props {
  readonly station: Station;
  readonly sessions: readonly Session[];
  readonly onSession: (sessionId: string) => void;
}

/** One station: what it is, what each EVSE does, and what can be asked of it. */
export function StationCard({ station, sessions, onSession }: Props) {
  const { me } = usePlatform();
  const command = useCommand(station.stationId);
  const [startAt, setStartAt] = useState<number>();
  const [showMessages, setShowMessages] = useState(false);
  const connected = station.connection?.connected === true;
  const mayAct = me.role !== 'viewer';
  const evses = withSessions(station, sessions);
  const make = [station.vendor, station.model].filter(Boolean).join(' ');
  const about = [make, ocpp(station.connection?.dialect ?? station.connection?.ocppVersion ?? station.ocppVersion)]
    .filter(Boolean)
    .join(' · ');
  return (
    <article className="panel station" aria-label={`Station ${station.stationId}`}>
      <div className="station-head">
        <div style={{ minWidth: 0 }}>
          <h3>
            <a className="plain" href={stationHash(station.stationId)}>
              {station.name ?? station.stationId}
            </a>
          </h3>
          <p>{[station.name === null ? '' : station.stationId, about].filter(Boolean).join(' · ') || 'Has not booted yet'}</p>
        </div>
        <span className="push" />
        <Acceptance station={station} mayAct={mayAct} />
        <StationMenu station={station} connected={connected} mayAct={mayAct} command={command} onMessages={() => setShowMessages(true)} />
      </div>
      {evses.length === 0 && (
        <div className="evse">
          <StatusSign status={statusOf(station, undefined, undefined)} />
        </div>
      )}
      {evses.map(({ evse, session }) => (
        <EvseRow
          key={evse.evseId}
          station={station}
          evse={evse}
          session={session}
          busy={command.busy}
          onOpen={onSession}
          {...(mayAct && connected
            ? {
                onStart: () => setStartAt(evse.evseId),
                onStop: (transactionId: string) => command.run('request-stop', { transactionId }, 'Stop'),
              }
            : {})}
        />
      ))}
      <Answer outcome={command.outcome} onClose={command.clear} />
      <StartDialog
        station={station}
        evseId={startAt}
        onClose={() => setStartAt(undefined)}
        onStart={(body) => {
          setStartAt(undefined);
          command.run('request-start', body, 'Start');
        }}
      />
      <MessageDrawer stationId={station.stationId} opened={showMessages} onClose={() => setShowMessages(false)} />
    </article>
  );
}

/** EVSEs with the session that runs on each; one that only a session tells of is shown as well. */
function withSessions(station: Station, sessions: readonly Session[]): { evse: Evse; session: Session | undefined }[] {
  const known = station.evses.filter((evse) => evse.evseId > 0);
  const extra = sessions
    .filter((session) => !known.some((evse) => evse.evseId === session.evseId))
    .map((session): Evse => ({ evseId: session.evseId, powerWMax: null, connectors: [] }));
  return [...known, ...extra].map((evse) => ({ evse, session: sessions.find((session) => session.evseId === evse.evseId) }));
}

interface RowProps {
  readonly station: Station;
  readonly evse: Evse;
  readonly session: Session | undefined;
  readonly busy: string | undefined;
  readonly onOpen: (sessionId: string) => void;
  readonly onStart?: () => void;
  readonly onStop?: (transactionId: string) => void;
}

function EvseRow({ station, evse, session, busy, onOpen, onStart, onStop }: RowProps) {
  const connector = evse.connectors.find((each) => each.status !== null && each.status !== 'Available') ?? evse.connectors[0];
  const name = [`EVSE ${evse.evseId}`, connectorName(connector?.connectorType)].filter(Boolean).join(' · ');
  const transactionId = session?.transactionId ?? undefined;
  return (
    <div className="evse" role="group" aria-label={name}>
      <div className="evse-line">
        <span className="evse-what">
          <StatusSign status={statusOf(station, connector, session)} />
          <span className="evse-name">{name}</span>
        </span>
        <span className="push" />
        {session === undefined && canStart(connector) && onStart !== undefined && (
          <Button size="xs" variant="light" onClick={onStart} loading={busy === 'Start'} aria-label={`Start charging on ${name}`}>
            Start
          </Button>
        )}
        {transactionId !== undefined && onStop !== undefined && (
          <Button
            size="xs"
            variant="default"
            onClick={() => onStop(transactionId)}
            loading={busy === 'Stop'}
            aria-label={`Stop charging on ${name}`}
          >
            Stop
          </Button>
        )}
      </div>
      {session !== undefined && <Running session={session} onOpen={onOpen} />}
    </div>
  );
}

/** A connector that is broken or out of service starts nothing; for any other the station decides. */
const canStart = (connector: Connector | undefined): boolean => connector?.status !== 'Faulted' && connector?.status !== 'Unavailable';

/** The running session of an EVSE; opens its details. */
function Running({ session, onOpen }: { session: Session; onOpen: (sessionId: string) => void }) {
  const readings = useReadings(session);
  const now = useNow();
  const values = readingsOf(readings.data ?? [])
    .flatMap((reading) => reading.powerW ?? [])
    .slice(-TREND_MAX);
  const watts = session.powerW === null ? undefined : power(session.powerW);
  const soc = session.stateOfChargePercent;
  return (
    <button type="button" className="running" onClick={() => onOpen(session.sessionId)}>
      <span className="sr">Details of session {session.transactionId ?? session.sessionId}: </span>
      <span className="running-top">
        <span className="watts num">
          {watts?.value ?? '–'}
          <small>{watts?.unit ?? 'kW'}</small>
        </span>
        <span className="trend">
          <Trend values={values} />
        </span>
      </span>
      {soc !== null && (
        <span className="soc">
          <span style={{ width: `${Math.min(100, Math.max(0, soc))}%` }} />
        </span>
      )}
      <span className="running-facts num">
        {soc !== null && (
          <span>
            <b>{percent(soc)}</b> battery
          </span>
        )}
        <span>
          <b>{text(energy(session.energyWh))}</b>
        </span>
        {session.startedAt !== null && <span>{duration(now - Date.parse(session.startedAt))}</span>}
      </span>
    </button>
  );
}

const CONNECTORS: Readonly<Record<string, string>> = {
  cCCS1: 'CCS1',
  cCCS2: 'CCS2',
  cChaoJi: 'ChaoJi',
  cG105: 'CHAdeMO',
  cTesla: 'NACS',
  cType1: 'Type 1 cable',
  cType2: 'Type 2 cable',
  sType2: 'Type 2',
};
const connectorName = (type: string | null | undefined): string => (type ? (CONNECTORS[type] ?? type) : '');
