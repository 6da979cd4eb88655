import { FIRMWARE_TOPIC, JOB_TOPIC, MOVE_TOPIC } from '@voltlog/device-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { Alerts } from './alerts.js';

/** "4-Error": stations do not get what they should, and nothing goes on by itself. */
const SEVERITY = 4;

// That it ended is no decision: what stopped with its last stations ends at once, and nobody would have seen that it failed.
const JOB = ['JobPaused', 'JobResumed', 'JobCancelled'];
const CAMPAIGN = ['CampaignStopped', 'CampaignPaused', 'CampaignResumed', 'CampaignCancelled'];
const MOVE = ['MoveStopped', 'MovePaused', 'MoveResumed', 'MoveCancelled'];
const typeOf = (name: string): string => `voltlog.device.${name}.v1`;

/** Tells operators that work on many stations stopped by itself, until somebody has decided what becomes of it. */
export class WorkAlerts {
  private subscriptions: readonly Subscription[] = [];

  constructor(
    private readonly context: Pick<ServiceContext, 'log'>,
    private readonly alerts: Pick<Alerts, 'onWork'>,
  ) {}

  async start(): Promise<void> {
    const { log } = this.context;
    const subscribe = (group: string, topic: string, names: readonly string[]) =>
      log.subscribe({ group, topics: [topic], types: names.map(typeOf), handle: (batch) => this.handle(batch) });
    this.subscriptions = await Promise.all([
      subscribe('device-alerts-jobs', JOB_TOPIC, JOB),
      subscribe('device-alerts-campaigns', FIRMWARE_TOPIC, CAMPAIGN),
      subscribe('device-alerts-moves', MOVE_TOPIC, MOVE),
    ]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.stop()));
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    for (const { event } of batch) {
      const data = event.data as WorkEvent;
      const [source, id] = whatOf(data);
      const detail = stoppedBecause(event.type, data);
      const report =
        detail === undefined
          ? undefined
          : { source, severity: SEVERITY, subject: `${source} ${id}`, detail, evseId: 0, connectorId: 0, value: '', occurredAt: data.at };
      await this.alerts.onWork(event.id, `${source}/${id}`, report);
    }
  }
}

/** Of a job, a campaign or a move; what the kinds of events have beside their id. */
interface WorkEvent {
  readonly jobId?: string;
  readonly campaignId?: string;
  readonly moveId?: string;
  /** Of JobPaused; empty: not by a person. */
  readonly by?: string;
  readonly reason?: string;
  /** Of CampaignStopped and MoveStopped. */
  readonly failed?: number;
  readonly ended?: number;
  readonly at: string;
}

function whatOf({ jobId, campaignId, moveId }: WorkEvent): readonly ['Job' | 'Campaign' | 'Move', string] {
  if (jobId !== undefined) return ['Job', jobId];
  return campaignId === undefined ? ['Move', moveId ?? ''] : ['Campaign', campaignId];
}

/** undefined: it did not stop by itself; a person has paused it, lets it go on, or ended it. */
function stoppedBecause(type: string, { by, reason, failed = 0, ended = 0 }: WorkEvent): string | undefined {
  if (type === typeOf('JobPaused')) return by === '' ? `it was paused: ${reason ?? 'too many stations failed'}` : undefined;
  if (type !== typeOf('CampaignStopped') && type !== typeOf('MoveStopped')) return undefined;
  return `it stopped: ${failed} of ${ended} stations failed; what is left goes on when somebody resumes it`;
}
