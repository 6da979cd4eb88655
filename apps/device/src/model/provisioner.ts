import { bootAnswer } from '@voltlog/device-domain';
import type { ServiceContext } from '@voltlog/service';
import type { Collection } from '@voltlog/store';
import { DONE, type Intent, type IntentHandler, type Intents, LATER, type Step } from '../security/intents.js';
import type { StationLine } from '../security/station-line.js';
import type { DeviceRepository } from '../store/device-repository.js';
import type { StationStatusDoc } from '../store/documents.js';
import type { StationMemory } from '../store/station-memory.js';
import type { Alerts } from './alerts.js';
import type { DeviceModels } from './device-models.js';
import type { Reconciler } from './reconciler.js';
import type { Templates } from './templates.js';

/** A station that cannot be provisioned for this long is tried again when it next boots, ms. */
const PROVISION_MS = 7 * 86_400_000;
/** One that is still pending after this is told to the operator, ms. */
const STUCK_MS = 600_000;
/** How long a station has to boot again after it was first triggered, ms; then twice as long, and at most so long. */
const BOOT_MS = 5_000;
const BOOT_MS_MAX = 3_600_000;
/** "5-Alert": somebody has to look, nothing is broken. Source: OCPP 2.0.1 Part 2 SetMonitoringDataType (severity) */
const STUCK_SEVERITY = 5;
export const STUCK_ALERT = 'boot';

export interface Provisioning {
  /** It told its variables while it was pending. */
  readonly reported: boolean;
  /** When it was let go; empty: not yet. */
  readonly releasedAt: string;
  /** How often it took a trigger since. Absent: never. */
  readonly triggers?: number;
}

export interface ProvisionerParts {
  readonly context: Pick<ServiceContext, 'clock' | 'ids'>;
  readonly repository: Pick<DeviceRepository, 'onStation'>;
  readonly memory: Pick<StationMemory, 'docs' | 'forget'>;
  readonly statuses: Collection<StationStatusDoc>;
  readonly templates: Pick<Templates, 'all'>;
  readonly reconciler: Pick<Reconciler, 'reconcile'>;
  readonly deviceModels: Pick<DeviceModels, 'askForVariables'>;
  readonly alerts: Pick<Alerts, 'open' | 'clear'>;
  readonly intents: Intents;
  readonly line: StationLine;
}

/**
 * Brings a station that boots and is pending to being accepted: its report is asked for, what is intended is set, then it is let go and
 * triggered to boot again. Source: OCPP 2.0.1 Part 2 B02, OCPP 1.6 §4.2 (Pending).
 */
export class Provisioner implements IntentHandler<Provisioning> {
  constructor(private readonly parts: ProvisionerParts) {}

  /** A station booted and was told to wait. */
  async begin(stationId: string): Promise<void> {
    const id = `provision:${stationId}`;
    await this.parts.intents.begin({ id, stationId, kind: 'Provision', data: { reported: false, releasedAt: '' } }, PROVISION_MS);
  }

  /**
   * Stations came into service. Those that were told to wait before are not left to wait until they boot by themselves.
   *
   * @returns those that were there before
   */
  async inService(stationIds: readonly string[]): Promise<readonly string[]> {
    const statuses = await this.parts.statuses.getMany(stationIds);
    for (const stationId of stationIds) {
      if (statuses.get(stationId)?.registration !== 'Pending') continue;
      // Another instance may have committed it.
      this.parts.memory.forget(stationId);
      await this.begin(stationId);
    }
    return stationIds.filter((stationId) => statuses.has(stationId));
  }

  async attempt(intent: Intent<Provisioning>): Promise<Step<Provisioning>> {
    const { stationId, data } = intent;
    const station = (await this.parts.memory.docs([stationId])).get(stationId);
    // An operator must take it out of quarantine, or has retired it.
    if (station?.lifecycle !== 'Active') return DONE;
    const status = bootAnswer(station, this.parts.templates.all)?.status ?? 'Accepted';
    if (status === 'Rejected') return DONE;
    return status === 'Accepted' ? this.bringBack(stationId, data) : this.provision(intent);
  }

  /** When it next boots it begins anew. */
  async expired(): Promise<Step<Provisioning>> {
    return DONE;
  }

  private async provision(intent: Intent<Provisioning>): Promise<Step<Provisioning>> {
    const { stationId, data, createdAt } = intent;
    const { context, reconciler, repository, deviceModels } = this.parts;
    let { reported } = data;
    if (!reported) {
      const { said } = await deviceModels.askForVariables(stationId, 'FullInventory');
      // One that has no such report is provisioned all the same.
      reported = said.kind !== 'away';
      if (!reported) return this.wait(stationId, createdAt, data, 'it could not be reached');
    }
    const reconciled = await reconciler.reconcile(stationId);
    if (reconciled.kind === 'away') return this.wait(stationId, createdAt, { ...data, reported }, 'it could not be reached');
    if (reconciled.outcome === 'Refused')
      return this.wait(stationId, createdAt, { ...data, reported }, 'it does not take all that is intended: see its device model');
    const now = context.clock.now();
    const boot = { status: 'Accepted' as const, intervalSeconds: 0, by: 'Provisioning' as const, reason: 'it is provisioned' };
    await repository.onStation(stationId, { kind: 'DecideBoot', boot, now }, context.ids.next());
    return { again: 0, data: { reported, releasedAt: new Date(now).toISOString() } };
  }

  /** It is let go, and has to hear of it: it boots again, and is asked to until it does. */
  private async bringBack(stationId: string, data: Provisioning): Promise<Step<Provisioning>> {
    await this.parts.alerts.clear(stationId, STUCK_ALERT, 'Platform');
    const status = await this.parts.statuses.get(stationId);
    if (status?.registration === 'Accepted') return DONE;
    const value = { requestedMessage: 'BootNotification', evseId: 0, connectorId: 0 };
    const said = await this.parts.line.say(stationId, { $case: 'triggerMessage', value });
    // One that cannot be triggered boots by itself, after its interval.
    if (said.kind !== 'accepted') return LATER;
    const { triggers = 0 } = data;
    return { again: Math.min(BOOT_MS_MAX, BOOT_MS * 2 ** triggers), data: { ...data, triggers: triggers + 1 } };
  }

  private async wait(stationId: string, createdAt: string, data: Provisioning, why: string): Promise<Step<Provisioning>> {
    const { context, alerts } = this.parts;
    if (context.clock.now() - Date.parse(createdAt) >= STUCK_MS)
      await alerts.open(stationId, STUCK_ALERT, {
        source: 'Boot',
        severity: STUCK_SEVERITY,
        subject: 'BootNotification',
        detail: `the station is pending since ${createdAt}: ${why}`,
        evseId: 0,
        connectorId: 0,
        value: 'Pending',
        occurredAt: createdAt,
      });
    return { again: 'later', data };
  }
}
