import { POLICY_TOPIC, type PolicyEvents, type SitePolicyAttributes } from '@voltlog/authorization-contract';
import type { EventLog, LogRecord, Subscription } from '@voltlog/event-log';

export type AwayPolicy = SitePolicyAttributes['authorizationAway'];

const CHANGED = 'voltlog.authorization.AuthorizationPolicyChanged.v1' satisfies keyof PolicyEvents;
/** The key of the policy of all sites that have none of their own. */
const ALL_SITES = '*';
/** How long a start waits for what was said before, milliseconds. */
const CAUGHT_UP_MS = 5_000;

/**
 * Whom stations let in while the authorization service is away, by site: known from its topic alone, since it matters just when that
 * service cannot be asked. There are few policies, so all are kept.
 */
export class SitePolicies {
  private readonly away = new Map<string, AwayPolicy>();
  private subscription: Subscription | undefined;

  /** Reads the topic from its beginning. */
  async start(log: EventLog, instanceId: string): Promise<void> {
    const group = `connection-policies-${instanceId}`;
    await log.ensureTopics([{ name: POLICY_TOPIC, partitions: 1 }]);
    this.subscription = await log.subscribe({
      group,
      topics: [POLICY_TOPIC],
      types: [CHANGED],
      startFrom: 'earliest',
      handle: async (batch) => this.remember(batch),
    });
    await log.caughtUp({ group, topic: POLICY_TOPIC, deadlineMs: CAUGHT_UP_MS });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  /** undefined: no policy is set for this site, nor for all. */
  awayAt(siteId: string): AwayPolicy | undefined {
    return this.away.get(siteId) ?? this.away.get(ALL_SITES);
  }

  private remember(batch: readonly LogRecord[]): void {
    for (const { key, event } of batch) this.away.set(key, (event.data as SitePolicyAttributes).authorizationAway);
  }
}
