import { IconArrowsTransferUp } from '@tabler/icons-react';
import { useState } from 'react';
import { moment, words } from '../api/format.js';
import { MOVE_PHASES, type Move, through, useMoves } from '../api/moves.js';
import { usePlatform } from '../api/platform.js';
import { MoveDrawer } from './move-drawer.js';
import { NewMove } from './new-move.js';
import { ListPage, OpenRow, Table } from './table.js';
import { countsInWords, Through } from './through.js';
import { useNow } from './use-now.js';

/** Stations on their way to another provider, or here. */
export function MovesPage() {
  const { me } = usePlatform();
  const now = useNow(10_000);
  const moves = useMoves();
  const [moveId, setMoveId] = useState<string>();
  const [making, setMaking] = useState(false);
  return (
    <ListPage title="Moves" add={me.role === 'admin' ? { label: 'New move', onAdd: () => setMaking(true) } : undefined}>
      <Table
        name="Moves"
        columns={['Move', 'Where', 'State', 'Progress', 'Results', 'Began']}
        query={moves}
        empty={{
          icon: <IconArrowsTransferUp size={32} aria-hidden />,
          title: 'No move yet',
          words: 'A move brings stations to another provider, or here, wave by wave, with a way back.',
        }}
      >
        {moves.rows.map((move) => (
          <OpenRow key={move.moveId} title={titleOf(move)} onOpen={() => setMoveId(move.moveId)}>
            <td className="breakable">{move.target?.csmsUrl ?? 'Here'}</td>
            <td>{stateOf(move)}</td>
            <td>
              <MoveProgress move={move} />
            </td>
            <td>{resultsOf(move)}</td>
            <td>{moment(move.createdAt, now)}</td>
          </OpenRow>
        ))}
      </Table>
      <NewMove
        opened={making}
        onClose={() => setMaking(false)}
        onMade={(made) => {
          setMaking(false);
          setMoveId(made.moveId);
        }}
      />
      <MoveDrawer moveId={moveId} onClose={() => setMoveId(undefined)} />
    </ListPage>
  );
}

export const titleOf = ({ name, direction }: Move): string => name ?? (direction === 'Out' ? 'Away from here' : 'To here');
export const stateOf = ({ outcome, state }: Move): string => outcome ?? (state === 'Stopped' ? 'Stopped: too many failed' : state);
export const resultsOf = ({ counts }: Move): string => countsInWords(MOVE_PHASES, counts, words);
export const MoveProgress = ({ move }: { move: Move }) => (
  <Through name={titleOf(move)} done={through(move)} stationCount={move.stationCount} planning={false} />
);
