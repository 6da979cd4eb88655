import { deviceFirmwareV1 } from '@voltlog/proto';
import { expect, it } from 'vitest';
import { toCampaign } from './firmware.view.js';

const { CampaignState } = deviceFirmwareV1;
const wave = { percent: 0, stations: 2, pauseMinutes: 0 };

it.each([
  [CampaignState.RUNNING, ['Through', 'Running', 'Waiting']],
  [CampaignState.STOPPED, ['Through', 'Running', 'Waiting']],
  // Stopped by its last stations: that wave was never ended, and nobody is at it.
  [CampaignState.ENDED, ['Through', 'Through', 'Waiting']],
])('the waves of a campaign that is %s are %j', (state, states) => {
  const plan = { imageId: 'i', waves: [wave, wave, wave] };
  const campaign = deviceFirmwareV1.Campaign.fromPartial({
    campaignId: 'c',
    state,
    plan,
    wave: 2,
    wavesEnded: 1,
    stationCounts: [2, 2, 2],
  });
  expect(toCampaign(campaign).waves.map((each) => each.state)).toEqual(states);
});
