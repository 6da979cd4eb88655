import type { CampaignAttributes, CampaignEvent, CampaignRollBackBegun } from '@voltlog/device-contract';
import { assertNever, type Decider, type Decision, decided, isoTime, refused } from '@voltlog/kernel';
import { mayStartWave, stopsAtFailed } from './waves.js';

export interface KnownCampaign extends CampaignAttributes {
  readonly kind: 'campaign';
  readonly campaignId: string;
  /**
   * `Planning`: its stations are being looked up. `Paused`: by a person. `Stopped`: too many failed. `Cancelling`: stations are still at it.
   */
  readonly state: 'Planning' | 'Running' | 'Paused' | 'Stopped' | 'Cancelling' | 'Ended';
  /** Absent: it has not ended. */
  readonly outcome?: 'Completed' | 'Cancelled' | 'Expired';
  /** By wave. */
  readonly stationCounts: readonly number[];
  /** The newest wave that has begun; 0: none. */
  readonly wave: number;
  /** Waves that are through. */
  readonly wavesEnded: number;
  /** When that changed last; empty: never. */
  readonly waveAt: string;
  /** What the threshold leaves out. */
  readonly failedBefore: number;
  readonly endedBefore: number;
  /** Too many failed, and the platform takes the way back by itself, until somebody resumes the campaign. */
  readonly goingBack: boolean;
  /** What the platform began last since too many failed; empty: nothing yet. */
  readonly lastRollBackId: string;
  readonly rollBacks: readonly CampaignRollBack[];
  readonly createdAt: string;
  /** Empty: it has not ended. */
  readonly endedAt: string;
}

/** A campaign that brings stations of this one back. */
export type CampaignRollBack = Omit<CampaignRollBackBegun, 'campaignId'>;

export type CampaignState = { readonly kind: 'none' } | KnownCampaign;

/** How far the stations of a campaign are. */
export interface CampaignTally {
  readonly failed: number;
  /** Updated or failed: what a threshold is a share of. */
  readonly ended: number;
}

export type CampaignCommand =
  | { readonly kind: 'CreateCampaign'; readonly campaignId: string; readonly attributes: CampaignAttributes; readonly now: number }
  | { readonly kind: 'ReportPlanned'; readonly stationCounts: readonly number[]; readonly now: number }
  /** The first, or the one after the pause behind the last. */
  | { readonly kind: 'StartWave'; readonly wave: number; readonly now: number }
  | { readonly kind: 'EndWave'; readonly wave: number; readonly now: number }
  | { readonly kind: 'Judge'; readonly tally: CampaignTally; readonly now: number }
  | { readonly kind: 'PauseCampaign'; readonly by: string; readonly now: number }
  | { readonly kind: 'ResumeCampaign'; readonly by: string; readonly tally: CampaignTally; readonly now: number }
  | { readonly kind: 'CancelCampaign'; readonly by: string; readonly now: number }
  /** The campaign `rollBackId` is there, and has these stations. */
  | ({ readonly kind: 'NoteRollBack'; readonly now: number } & Omit<CampaignRollBack, 'at'>)
  /** No station is left that anything is waited for. */
  | { readonly kind: 'EndCampaign'; readonly expired: boolean; readonly now: number };

export type CampaignRefusal = 'CampaignExists' | 'CampaignUnknown' | 'CampaignExpired' | 'CampaignEnded' | 'CampaignNotRunning';

/** A campaign as a whole; what is done at each station is a stream of its own. */
export const campaignDecider: Decider<CampaignCommand, CampaignState, CampaignEvent, CampaignRefusal> = {
  initialState: { kind: 'none' },
  decide(command, state): Decision<CampaignEvent, CampaignRefusal> {
    const at = isoTime(command.now);
    if (command.kind === 'CreateCampaign') {
      const { campaignId, attributes } = command;
      if (state.kind === 'campaign') return refused('CampaignExists');
      if (attributes.expiresAt <= at) return refused('CampaignExpired');
      return decided<CampaignEvent>({ type: 'voltlog.device.CampaignCreated.v1', data: { campaignId, ...attributes, at } });
    }
    if (state.kind === 'none') return refused('CampaignUnknown');
    const { campaignId } = state;
    switch (command.kind) {
      case 'ReportPlanned': {
        if (state.state !== 'Planning') return decided();
        const { stationCounts } = command;
        return decided<CampaignEvent>({ type: 'voltlog.device.CampaignPlanned.v1', data: { campaignId, stationCounts, at } });
      }
      case 'StartWave': {
        const { wave } = command;
        if (state.state !== 'Running' || wave !== state.wave + 1 || wave > state.waves.length || !mayStartWave(state, command.now))
          return decided();
        return decided<CampaignEvent>({ type: 'voltlog.device.CampaignWaveStarted.v1', data: { campaignId, wave, at } });
      }
      case 'EndWave':
        if (state.state === 'Ended' || command.wave !== state.wave || state.wavesEnded >= command.wave) return decided();
        return decided<CampaignEvent>({ type: 'voltlog.device.CampaignWaveEnded.v1', data: { campaignId, wave: command.wave, at } });
      case 'Judge': {
        const failed = command.tally.failed - state.failedBefore;
        const ended = command.tally.ended - state.endedBefore;
        if (state.state !== 'Running' || !stopsAtFailed(state, { failed, ended })) return decided();
        return decided<CampaignEvent>({ type: 'voltlog.device.CampaignStopped.v1', data: { campaignId, failed, ended, at } });
      }
      case 'PauseCampaign':
        if (state.state === 'Paused') return decided();
        if (state.state !== 'Running' && state.state !== 'Stopped')
          return refused(state.state === 'Ended' ? 'CampaignEnded' : 'CampaignNotRunning');
        return decided<CampaignEvent>({ type: 'voltlog.device.CampaignPaused.v1', data: { campaignId, by: command.by, at } });
      case 'ResumeCampaign': {
        if (state.state === 'Running') return decided();
        if (state.state !== 'Paused' && state.state !== 'Stopped')
          return refused(state.state === 'Ended' ? 'CampaignEnded' : 'CampaignNotRunning');
        const { failed: failedBefore, ended: endedBefore } = command.tally;
        return decided<CampaignEvent>({
          type: 'voltlog.device.CampaignResumed.v1',
          data: { campaignId, by: command.by, failedBefore, endedBefore, at },
        });
      }
      case 'CancelCampaign':
        if (state.state === 'Ended' || state.state === 'Cancelling') return decided();
        return decided<CampaignEvent>({ type: 'voltlog.device.CampaignCancelled.v1', data: { campaignId, by: command.by, at } });
      case 'NoteRollBack': {
        const { rollBackId, stationCount, automatic, by } = command;
        if (state.rollBacks.some((begun) => begun.rollBackId === rollBackId)) return decided();
        return decided<CampaignEvent>({
          type: 'voltlog.device.CampaignRollBackBegun.v1',
          data: { campaignId, rollBackId, stationCount, automatic, by, at },
        });
      }
      case 'EndCampaign': {
        if (state.state === 'Ended' || state.state === 'Planning') return decided();
        const outcome = state.state === 'Cancelling' ? 'Cancelled' : command.expired ? 'Expired' : 'Completed';
        return decided<CampaignEvent>({ type: 'voltlog.device.CampaignEnded.v1', data: { campaignId, outcome, at } });
      }
      default:
        return assertNever(command, 'campaign command');
    }
  },
  evolve(state, { type, data }) {
    if (type === 'voltlog.device.CampaignCreated.v1') {
      const { at: createdAt, ...attributes } = data;
      return {
        kind: 'campaign',
        ...attributes,
        state: 'Planning',
        stationCounts: [],
        wave: 0,
        wavesEnded: 0,
        waveAt: '',
        failedBefore: 0,
        endedBefore: 0,
        goingBack: false,
        lastRollBackId: '',
        rollBacks: [],
        createdAt,
        endedAt: '',
      };
    }
    if (state.kind === 'none') return state;
    switch (type) {
      case 'voltlog.device.CampaignPlanned.v1':
        return { ...state, state: 'Running', stationCounts: data.stationCounts };
      case 'voltlog.device.CampaignWaveStarted.v1':
        return { ...state, wave: data.wave, waveAt: data.at };
      case 'voltlog.device.CampaignWaveEnded.v1':
        return { ...state, wavesEnded: data.wave, waveAt: data.at };
      case 'voltlog.device.CampaignPaused.v1':
        return { ...state, state: 'Paused' };
      case 'voltlog.device.CampaignResumed.v1':
        return { ...state, state: 'Running', failedBefore: data.failedBefore, endedBefore: data.endedBefore, goingBack: false };
      case 'voltlog.device.CampaignStopped.v1':
        return { ...state, state: 'Stopped', goingBack: state.rollBack === 'Automatic', lastRollBackId: '' };
      case 'voltlog.device.CampaignRollBackBegun.v1': {
        const { campaignId: _, ...begun } = data;
        const lastRollBackId = begun.automatic ? begun.rollBackId : state.lastRollBackId;
        return { ...state, rollBacks: [...state.rollBacks, begun], lastRollBackId };
      }
      case 'voltlog.device.CampaignCancelled.v1':
        return { ...state, state: 'Cancelling' };
      case 'voltlog.device.CampaignEnded.v1':
        return { ...state, state: 'Ended', outcome: data.outcome, endedAt: data.at };
      default:
        return assertNever(type, 'campaign event');
    }
  },
};
