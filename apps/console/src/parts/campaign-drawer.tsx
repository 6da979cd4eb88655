import { Drawer, Loader } from '@mantine/core';
import { useState } from 'react';
import {
  type Campaign,
  type CampaignStation,
  DAYS,
  ofCampaign,
  UPDATE_STATES,
  type UpdateState,
  useCampaign,
  useCampaignStations,
} from '../api/campaigns.js';
import { count, moment } from '../api/format.js';
import { useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { CampaignProgress, resultsOf, stateOf, titleOf } from './campaigns-page.js';
import { Failed } from './empty.js';
import { Problem } from './form.js';
import { RowButton } from './row-button.js';
import { StateFilter, Table } from './table.js';
import { useNow } from './use-now.js';

interface Props {
  readonly campaignId: string | undefined;
  readonly onClose: () => void;
  readonly onOpen: (campaignId: string) => void;
}

/** Everything about one campaign: how far it is, and how far each station is. */
export function CampaignDrawer({ campaignId, onClose, onOpen }: Props) {
  return (
    <Drawer opened={campaignId !== undefined} onClose={onClose} position="right" size="xl" title="Firmware campaign">
      {campaignId !== undefined && <Details key={campaignId} campaignId={campaignId} onOpen={onOpen} />}
    </Drawer>
  );
}

function Details({ campaignId, onOpen }: { campaignId: string; onOpen: (campaignId: string) => void }) {
  const campaign = useCampaign(campaignId);
  const now = useNow(10_000);
  if (campaign.isPending) return <Loader aria-label="Reading the campaign" />;
  if (campaign.isError) return <Failed what="The campaign" error={campaign.error} onRetry={() => void campaign.refetch()} />;
  const { data } = campaign;
  return (
    <div style={{ display: 'grid', gap: 22 }}>
      <h2>{titleOf(data)}</h2>
      <CampaignProgress campaign={data} />
      <p role="status">
        {stateOf(data)}. {resultsOf(data)}
      </p>
      <p className="muted">
        Version {data.version}, waves: {data.waves.map((wave) => `${count(wave.stationCount)} ${wave.state.toLowerCase()}`).join(', ')}
        {data.stopAtFailedPercent === 0 ? '' : `, stops at ${data.stopAtFailedPercent} % failed`}
        {windowsOf(data)}, by {data.createdBy ?? 'somebody'}, until {moment(data.expiresAt, now)}
      </p>
      <Actions campaign={data} onOpen={onOpen} />
      {data.localControllers.length > 0 && <LocalControllers campaign={data} />}
      <Stations campaignId={campaignId} />
    </div>
  );
}

function Actions({ campaign, onOpen }: { campaign: Campaign; onOpen: (campaignId: string) => void }) {
  const { api, me } = usePlatform();
  const act = useWrite(
    ['campaigns'],
    (what: 'pause' | 'resume' | 'cancel' | 'roll-back') => api.post<Campaign>(`${ofCampaign(campaign.campaignId)}/${what}`, {}),
    // A roll-back is a campaign of its own.
    ({ campaignId }) => campaignId !== campaign.campaignId && onOpen(campaignId),
  );
  if (me.role === 'viewer') return null;
  const { state, counts, rollBackImageId } = campaign;
  const changed = (counts.Updated ?? 0) + (counts.Failed ?? 0);
  const button = (what: Parameters<typeof act.mutate>[0], words: string) => (
    <RowButton
      words={words}
      size="sm"
      asks={what === 'cancel' || what === 'roll-back'}
      loading={act.isPending}
      onClick={() => act.mutate(what)}
    />
  );
  return (
    <div style={{ display: 'flex', gap: 10, flexWrap: 'wrap' }}>
      {state === 'Running' && button('pause', 'Pause')}
      {(state === 'Paused' || state === 'Stopped') && button('resume', 'Resume')}
      {state !== 'Ended' && state !== 'Cancelling' && button('cancel', 'Cancel')}
      {rollBackImageId !== null &&
        changed > 0 &&
        state !== 'Running' &&
        state !== 'Planning' &&
        button('roll-back', `Roll back ${count(changed)} stations`)}
      <Problem error={act.error} />
    </div>
  );
}

/** Who publishes the image for the stations behind it. */
const LocalControllers = ({ campaign }: { campaign: Campaign }) => (
  <section aria-labelledby="campaign-controllers-title" style={{ display: 'grid', gap: 10 }}>
    <h3 id="campaign-controllers-title">Local controllers</h3>
    <ul style={{ margin: 0, paddingLeft: 18 }}>
      {campaign.localControllers.map(({ stationId, stationIds, state, status, reason }) => (
        <li key={stationId}>
          {stationId}, for {stationIds.length === 0 ? 'all stations of its site' : `${count(stationIds.length)} stations`}:{' '}
          {CONTROLLER_WORDS[state ?? 'Waiting']}
          {state !== 'Published' && (status ?? reason) !== null && ` (${[status, reason].filter(Boolean).join(': ')})`}
        </li>
      ))}
    </ul>
  </section>
);

const CONTROLLER_WORDS = {
  Waiting: 'not asked yet',
  Asked: 'asked to publish it; stations behind it wait',
  Published: 'published; stations behind it fetch it there',
  Failed: 'cannot publish it; stations behind it fetch it from here',
} as const;

function Stations({ campaignId }: { campaignId: string }) {
  const [state, setState] = useState<UpdateState>();
  const stations = useCampaignStations(campaignId, state);
  return (
    <section aria-labelledby="campaign-stations-title" style={{ display: 'grid', gap: 10 }}>
      <h3 id="campaign-stations-title">Stations</h3>
      <StateFilter states={UPDATE_STATES} inWords={(each) => each} value={state} onChange={setState} />
      <Table
        name="Stations"
        columns={['Station', 'Wave', 'State', 'Last said', 'Tries']}
        query={stations}
        empty={{ title: 'None', words: 'No station is in this state.' }}
      >
        {stations.rows.map((station) => (
          <tr key={station.stationId}>
            <td>{station.stationId}</td>
            <td>{station.wave}</td>
            <td>{station.evidence === null ? station.state : `${station.state} (${proofOf[station.evidence]})`}</td>
            <td>{saidBy(station)}</td>
            <td>{station.attempts}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

/** When it may begin at a station. */
const windowsOf = ({ windows, timeZone }: Campaign): string =>
  windows
    .map(({ from, until, days }) => `, begins ${from} to ${until} ${days.map((day) => DAYS[day - 1]).join(' ')} (${timeZone})`)
    .join('');

const proofOf = { Boot: 'it booted with it', Installed: 'it said so' } as const;

const saidBy = ({ status, reason }: CampaignStation): string => [status, reason].filter(Boolean).join(': ') || '–';
