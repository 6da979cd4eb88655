import { Button, Drawer, Loader } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import {
  type Campaign,
  type CampaignStation,
  UPDATE_STATES,
  type UpdateState,
  useCampaign,
  useCampaignStations,
} from '../api/campaigns.js';
import { wordsOf } from '../api/client.js';
import { count, moment } from '../api/format.js';
import { usePlatform } from '../api/platform.js';
import { CampaignProgress, resultsOf, stateOf, titleOf } from './campaigns-page.js';
import { Failed } from './empty.js';
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
      <Stations campaignId={campaignId} />
    </div>
  );
}

function Actions({ campaign, onOpen }: { campaign: Campaign; onOpen: (campaignId: string) => void }) {
  const { api, me } = usePlatform();
  const queries = useQueryClient();
  const act = useMutation({
    mutationFn: (what: 'pause' | 'resume' | 'cancel' | 'roll-back') =>
      api.post<Campaign>(`/v1/firmware-campaigns/${encodeURIComponent(campaign.campaignId)}/${what}`, {}),
    onSuccess: async (changed) => {
      await queries.invalidateQueries({ queryKey: ['campaigns'] });
      if (changed.campaignId !== campaign.campaignId) onOpen(changed.campaignId);
    },
  });
  if (me.role === 'viewer') return null;
  const { state, counts, rollBackImageId } = campaign;
  const changed = (counts.Updated ?? 0) + (counts.Failed ?? 0);
  const button = (what: Parameters<typeof act.mutate>[0], words: string) => (
    <Button variant="default" loading={act.isPending} onClick={() => act.mutate(what)}>
      {words}
    </Button>
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
      {act.isError && <p role="alert">{wordsOf(act.error)}</p>}
    </div>
  );
}

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

const DAYS = ['', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** When it may begin at a station. */
const windowsOf = ({ windows, timeZone }: Campaign): string =>
  windows.map(({ from, until, days }) => `, begins ${from} to ${until} ${days.map((day) => DAYS[day]).join(' ')} (${timeZone})`).join('');

const proofOf = { Boot: 'it booted with it', Installed: 'it said so' } as const;

const saidBy = ({ status, reason }: CampaignStation): string => [status, reason].filter(Boolean).join(': ') || '–';
