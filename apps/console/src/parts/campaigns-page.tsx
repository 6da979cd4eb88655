import { Button, Progress, Skeleton } from '@mantine/core';
import { IconCloudDownload, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { type Campaign, through, UPDATE_STATES, useCampaigns } from '../api/campaigns.js';
import { count, moment } from '../api/format.js';
import { usePlatform } from '../api/platform.js';
import { CampaignDrawer } from './campaign-drawer.js';
import { Empty, Failed } from './empty.js';
import { NewCampaign } from './new-campaign.js';
import { useNow } from './use-now.js';

/** Firmware for many stations: what is under way, and what came of it. */
export function CampaignsPage() {
  const { me } = usePlatform();
  const campaigns = useCampaigns();
  const [campaignId, setCampaignId] = useState<string>();
  const [making, setMaking] = useState(false);
  return (
    <section aria-labelledby="campaigns-title">
      <div className="section-head">
        <h2 id="campaigns-title">Firmware campaigns</h2>
        <span className="push" />
        {me.role !== 'viewer' && (
          <Button size="xs" variant="default" leftSection={<IconPlus size={15} />} onClick={() => setMaking(true)}>
            New campaign
          </Button>
        )}
      </div>
      <div className="panel scroll-x">
        {campaigns.isError && campaigns.rows.length === 0 ? (
          <Failed what="Campaigns" error={campaigns.error} onRetry={() => void campaigns.refetch()} />
        ) : campaigns.isPending ? (
          <Skeleton height={220} radius={14} />
        ) : campaigns.rows.length === 0 ? (
          <Empty icon={<IconCloudDownload size={32} aria-hidden />} title="No campaign yet">
            <p>A campaign brings a firmware image to many stations, wave by wave, and stops when too many fail.</p>
          </Empty>
        ) : (
          <Rows campaigns={campaigns.rows} onOpen={setCampaignId} />
        )}
      </div>
      {campaigns.hasNextPage && (
        <Button mt="md" variant="default" loading={campaigns.isFetchingNextPage} onClick={() => void campaigns.fetchNextPage()}>
          Show older campaigns
        </Button>
      )}
      <NewCampaign
        opened={making}
        onClose={() => setMaking(false)}
        onMade={(made) => {
          setMaking(false);
          setCampaignId(made.campaignId);
        }}
      />
      <CampaignDrawer campaignId={campaignId} onClose={() => setCampaignId(undefined)} onOpen={setCampaignId} />
    </section>
  );
}

function Rows({ campaigns, onOpen }: { campaigns: readonly Campaign[]; onOpen: (campaignId: string) => void }) {
  const now = useNow(10_000);
  return (
    <table className="sessions">
      <thead>
        <tr>
          <th scope="col">Campaign</th>
          <th scope="col">Version</th>
          <th scope="col">State</th>
          <th scope="col">Progress</th>
          <th scope="col">Results</th>
          <th scope="col">Began</th>
        </tr>
      </thead>
      <tbody>
        {campaigns.map((campaign) => (
          // The button in the first cell does the same for the keyboard.
          <tr key={campaign.campaignId} onClick={() => onOpen(campaign.campaignId)}>
            <td>
              <button type="button" className="row-link" onClick={() => onOpen(campaign.campaignId)}>
                {titleOf(campaign)}
              </button>
            </td>
            <td>{campaign.version}</td>
            <td>{stateOf(campaign)}</td>
            <td style={{ minWidth: 140 }}>
              <CampaignProgress campaign={campaign} />
            </td>
            <td>{resultsOf(campaign)}</td>
            <td>{moment(campaign.createdAt, now)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export const titleOf = ({ name, version }: Campaign): string => name ?? `Update to ${version}`;

export const stateOf = ({ outcome, state }: Campaign): string => outcome ?? (state === 'Stopped' ? 'Stopped: too many failed' : state);

export const resultsOf = ({ counts }: Campaign): string =>
  UPDATE_STATES.filter((state) => (counts[state] ?? 0) > 0)
    .map((state) => `${count(counts[state] ?? 0)} ${state.toLowerCase()}`)
    .join(', ');

/** How many stations are through. */
export function CampaignProgress({ campaign }: { campaign: Campaign }) {
  const done = through(campaign);
  const share = campaign.stationCount === 0 ? 0 : (100 * done) / campaign.stationCount;
  return (
    <div style={{ display: 'grid', gap: 4 }}>
      <Progress value={share} aria-label={`${titleOf(campaign)}: stations that are through`} />
      <span className="muted num">
        {campaign.state === 'Planning' ? 'Looking up the stations' : `${count(done)} of ${count(campaign.stationCount)}`}
      </span>
    </div>
  );
}
