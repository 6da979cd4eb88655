import { Button, Drawer, Loader } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { count, moment, words } from '../api/format.js';
import { useWrite } from '../api/lists.js';
import { MOVE_PHASES, type Move, type MovePhase, type MoveStation, ofMove, useMove, useMoveStations } from '../api/moves.js';
import { usePlatform } from '../api/platform.js';
import { Failed } from './empty.js';
import { Problem } from './form.js';
import { MoveProgress, resultsOf, stateOf, titleOf } from './moves-page.js';
import { RowButton } from './row-button.js';
import { StateFilter, Table } from './table.js';
import { useNow } from './use-now.js';

/** Everything about one move: how far it is, and where each station is. */
export function MoveDrawer({ moveId, onClose }: { moveId: string | undefined; onClose: () => void }) {
  return (
    <Drawer opened={moveId !== undefined} onClose={onClose} position="right" size="xl" title="Move">
      {moveId !== undefined && <Details moveId={moveId} />}
    </Drawer>
  );
}

function Details({ moveId }: { moveId: string }) {
  const move = useMove(moveId);
  const now = useNow(10_000);
  if (move.isPending) return <Loader aria-label="Reading the move" />;
  if (move.isError) return <Failed what="The move" error={move.error} onRetry={() => void move.refetch()} />;
  const { data } = move;
  const waves = data.waves.map(({ stationCount }, index) => `${count(stationCount)}${index < data.wave ? ' begun' : ''}`).join(', ');
  return (
    <div style={{ display: 'grid', gap: 22 }}>
      <h2>{titleOf(data)}</h2>
      <MoveProgress move={data} />
      <p role="status">
        {stateOf(data)}. {resultsOf(data)}
      </p>
      <p className="muted">
        {data.target === null ? 'To here' : `To ${data.target.csmsUrl}`}, waves: {waves}, {healthWords(data)}
        {data.stopAtFailedPercent === 0 ? '' : `, stops at ${data.stopAtFailedPercent} % failed`}, by {data.createdBy ?? 'somebody'},{' '}
        {moment(data.createdAt, now)}
      </p>
      <Actions move={data} />
      <Stations move={data} />
    </div>
  );
}

const healthWords = ({ direction, confirm, healthMinutes }: Move): string =>
  direction === 'In'
    ? `each is to be here and well within ${healthMinutes} min`
    : confirm
      ? `somebody is to confirm each within ${healthMinutes} min`
      : `each has moved when it was away for ${healthMinutes} min`;

function Actions({ move }: { move: Move }) {
  const { api, me } = usePlatform();
  const act = useWrite(['moves'], (what: 'pause' | 'resume' | 'cancel') => api.post(`${ofMove(move.moveId)}/${what}`, {}));
  const download = useMutation({ mutationFn: () => api.download(`${ofMove(move.moveId)}/export`, `move-${move.moveId}.ndjson`) });
  if (me.role !== 'admin') return null;
  const { state } = move;
  const button = (what: Parameters<typeof act.mutate>[0], name: string) => (
    <RowButton words={name} size="sm" asks={what === 'cancel'} loading={act.isPending} onClick={() => act.mutate(what)} />
  );
  return (
    <div style={{ display: 'flex', gap: 10, flexWrap: 'wrap' }}>
      {state === 'Running' && button('pause', 'Pause')}
      {(state === 'Paused' || state === 'Stopped') && button('resume', 'Resume')}
      {state !== 'Ended' && state !== 'Cancelling' && button('cancel', 'Stop it')}
      <Button variant="default" loading={download.isPending} onClick={() => download.mutate()}>
        Export for the other side
      </Button>
      <Problem error={act.error ?? download.error} />
    </div>
  );
}

function Stations({ move }: { move: Move }) {
  const { api, me } = usePlatform();
  const now = useNow(10_000);
  const [phase, setPhase] = useState<MovePhase>();
  const stations = useMoveStations(move.moveId, phase);
  const confirm = useWrite(['moves'], (stationId: string) =>
    api.post(`${ofMove(move.moveId)}/stations/${encodeURIComponent(stationId)}/confirm`, {}),
  );
  const toConfirm = move.confirm && me.role !== 'viewer';
  return (
    <section aria-labelledby="move-stations-title" style={{ display: 'grid', gap: 10 }}>
      <h3 id="move-stations-title">Stations whose turn has come</h3>
      <StateFilter states={MOVE_PHASES} inWords={words} value={phase} onChange={setPhase} />
      <Problem error={confirm.error} />
      <Table
        name="Stations"
        columns={['Station', 'Wave', 'State', 'Way back', ...(toConfirm ? ['Arrived?'] : [])]}
        query={stations}
        empty={{ title: 'None', words: 'No station is in this state.' }}
      >
        {stations.rows.map((station) => (
          <tr key={station.stationId}>
            <td>{station.stationId}</td>
            <td>{station.wave}</td>
            <td className="breakable">
              <span className="status" data-tone={TONES[station.phase]}>
                {PHASES[station.phase]}
              </span>
              {station.reason !== null && <p className="muted">{station.reason}</p>}
            </td>
            <td className="breakable">{station.restoredAt === null ? wayBack(station) : `Set back ${moment(station.restoredAt, now)}`}</td>
            {toConfirm && (
              <td>
                {station.confirmed ? (
                  'Confirmed'
                ) : station.phase === 'Switched' ? (
                  <RowButton
                    words="Confirm"
                    about={`that ${station.stationId} has arrived`}
                    onClick={() => confirm.mutate(station.stationId)}
                  />
                ) : null}
              </td>
            )}
          </tr>
        ))}
      </Table>
    </section>
  );
}

const PHASES: Readonly<Record<MovePhase, string>> = {
  Started: 'Being prepared',
  Prepared: 'Prepared',
  Switched: 'Told to go',
  Moved: 'Moved',
  Failed: 'Failed',
  CameBack: 'Came back',
  Cancelled: 'Cancelled',
};
const TONES: Readonly<Record<MovePhase, string>> = {
  Started: 'waiting',
  Prepared: 'waiting',
  Switched: 'reserved',
  Moved: 'charging',
  Failed: 'bad',
  CameBack: 'bad',
  Cancelled: 'off',
};

/** What it was set to, and is set to again should it come back. */
const wayBack = ({ before }: MoveStation): string =>
  [
    before.networkConfigurationPriority === null ? '' : `slots ${before.networkConfigurationPriority}`,
    ...before.keys.map(({ key, value }) => `${key} = ${value}`),
  ]
    .filter(Boolean)
    .join(', ');
