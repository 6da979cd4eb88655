import { IconCloudDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { type Campaign, through, UPDATE_STATES, useCampaigns } from '../api/campaigns.js';
import { moment } from '../api/format.js';
import { usePlatform } from '../api/platform.js';
import { CampaignDrawer } from './campaign-drawer.js';
import { Images } from './images.js';
import { NewCampaign } from './new-campaign.js';
import { ListPage, OpenRow, Table } from './table.js';
import { countsInWords, Through } from './through.js';
import { useNow } from './use-now.js';

/** Firmware: what is brought to many stations, and the images that can be. */
export const FirmwarePage = () => (
  <div className="stack">
    <Campaigns />
    <Images />
  </div>
);

/** What is under way, and what came of it. */
function Campaigns() {
  const { me } = usePlatform();
  const now = useNow(10_000);
  const campaigns = useCampaigns();
  const [campaignId, setCampaignId] = useState<string>();
  const [making, setMaking] = useState(false);
  return (
    <ListPage title="Firmware campaigns" add={me.role === 'viewer' ? undefined : { label: 'New campaign', onAdd: () => setMaking(true) }}>
      <Table
        name="Firmware campaigns"
        columns={['Campaign', 'Version', 'State', 'Progress', 'Results', 'Began']}
        query={campaigns}
        empty={{
          icon: <IconCloudDownload size={32} aria-hidden />,
          title: 'No campaign yet',
          words: 'A campaign brings a firmware image to many stations, wave by wave, and stops when too many fail.',
        }}
      >
        {campaigns.rows.map((campaign) => (
          <OpenRow key={campaign.campaignId} title={titleOf(campaign)} onOpen={() => setCampaignId(campaign.campaignId)}>
            <td>{campaign.version}</td>
            <td>{stateOf(campaign)}</td>
            <td>
              <CampaignProgress campaign={campaign} />
            </td>
            <td>{resultsOf(campaign)}</td>
            <td>{moment(campaign.createdAt, now)}</td>
          </OpenRow>
        ))}
      </Table>
      <NewCampaign
        opened={making}
        onClose={() => setMaking(false)}
        onMade={(made) => {
          setMaking(false);
          setCampaignId(made.campaignId);
        }}
      />
      <CampaignDrawer campaignId={campaignId} onClose={() => setCampaignId(undefined)} onOpen={setCampaignId} />
    </ListPage>
  );
}

export const titleOf = ({ name, version }: Campaign): string => name ?? `Update to ${version}`;

export const stateOf = ({ outcome, state }: Campaign): string => outcome ?? (state === 'Stopped' ? 'Stopped: too many failed' : state);

export const resultsOf = ({ counts }: Campaign): string => countsInWords(UPDATE_STATES, counts, (state) => state);

export const CampaignProgress = ({ campaign }: { campaign: Campaign }) => (
  <Through
    name={titleOf(campaign)}
    done={through(campaign)}
    stationCount={campaign.stationCount}
    planning={campaign.state === 'Planning'}
  />
);
