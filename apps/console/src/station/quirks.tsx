import { Loader, SegmentedControl } from '@mantine/core';
import { IconPuzzle } from '@tabler/icons-react';
import { moment } from '../api/format.js';
import { useRead, useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import type { StationQuirk } from '../api/types.js';
import { Empty, Failed } from '../parts/empty.js';
import { Problem } from '../parts/form.js';
import { useNow } from '../parts/use-now.js';

type Choice = 'On' | 'ByMake' | 'Off';
type Answer = { readonly data: readonly StationQuirk[] };

/** Where a station departs from OCPP, and what is tolerated of it. */
export function Quirks({ stationId }: { stationId: string }) {
  const { api, me } = usePlatform();
  const now = useNow();
  const path = `/v1/stations/${encodeURIComponent(stationId)}/quirks`;
  const quirks = useRead<Answer>('quirks', path, () => 5_000);
  const choose = useWrite(['quirks'], ({ quirkId, choice }: { quirkId: string; choice: Choice }) =>
    api.put<Answer>(`${path}/${quirkId}`, { choice }),
  );
  if (quirks.isPending) return <Loader aria-label="Reading the quirks" />;
  if (quirks.isError) return <Failed what="Quirks" error={quirks.error} onRetry={() => void quirks.refetch()} />;
  if (quirks.data.data.length === 0)
    return (
      <Empty icon={<IconPuzzle size={30} aria-hidden />} title="No quirk is known">
        <p>There is none for its version of OCPP.</p>
      </Empty>
    );
  return (
    <>
      <Problem error={choose.error} />
      {quirks.data.data.map((quirk) => (
        <section className="frame" key={quirk.quirkId} aria-label={quirk.quirkId}>
          <div className="frame-head">
            <b>{quirk.quirkId}</b>
            {quirk.suggested && <span className="muted">suggested: {quirk.lastProblem}</span>}
            <span className="push" />
            <SegmentedControl
              size="xs"
              aria-label={`${quirk.quirkId} for this station`}
              disabled={me.role === 'viewer' || choose.isPending}
              value={choiceOf(quirk)}
              onChange={(choice) => choose.mutate({ quirkId: quirk.quirkId, choice: choice as Choice })}
              data={[
                { value: 'On', label: 'On' },
                { value: 'ByMake', label: quirk.because === 'Make' ? 'By make: on' : 'By make' },
                { value: 'Off', label: 'Off' },
              ]}
            />
          </div>
          <p>{withCode(quirk.deviates)}</p>
          <p className="muted">{withCode(quirk.tolerance)}</p>
          {quirk.lastAt !== null && (
            <p className="muted num">
              {quirk.tolerated} tolerated, {quirk.refused} refused, last {moment(quirk.lastAt, now)} in {quirk.lastAction}
            </p>
          )}
        </section>
      ))}
    </>
  );
}

const choiceOf = ({ on, because }: StationQuirk): Choice => (because !== 'Operator' ? 'ByMake' : on ? 'On' : 'Off');

/** What stands between backticks is code. */
const withCode = (text: string) =>
  // The parts of a text never change places.
  // biome-ignore lint/suspicious/noArrayIndexKey: see above
  text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
