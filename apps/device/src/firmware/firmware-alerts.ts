import type { FirmwareStatusReported, StationBooted } from '@voltlog/connection-contract';
import { firmwareFailure } from '@voltlog/device-domain';
import type { Alerts } from '../model/alerts.js';
import type { Collections } from '../store/documents.js';

/** "5-Alert": the station goes on with what it has. */
const SEVERITY = 5;
const SOURCE = 'Firmware';

/**
 * Alerts of firmware that nobody else follows: it was sent by a command, or by somebody else. One of each way to fail at a station, until
 * that has installed firmware, or boots with another one than it failed with: not every station says `Installed`.
 */
export class FirmwareAlerts {
  constructor(
    private readonly alerts: Pick<Alerts, 'open' | 'openOf' | 'clearAll'>,
    private readonly registry: Pick<Collections, 'stations'>,
  ) {}

  /** Those of these stations that have one. */
  async failing(stationIds: readonly string[]): Promise<Set<string>> {
    return new Set((await this.alerts.openOf(SOURCE, stationIds)).map(({ stationId }) => stationId));
  }

  async onStatus(eventId: string, { stationId, status, occurredAt }: FirmwareStatusReported): Promise<void> {
    if (status === 'Installed') return this.alerts.clearAll(await this.alerts.openOf(SOURCE, [stationId]), eventId);
    const detail = firmwareFailure(status);
    if (detail === undefined) return;
    const firmwareVersion = (await this.registry.stations.get(stationId))?.firmwareVersion ?? '';
    const report = {
      source: SOURCE,
      severity: SEVERITY,
      subject: 'Firmware',
      detail,
      evseId: 0,
      connectorId: 0,
      value: status,
      firmwareVersion,
      occurredAt,
    } as const;
    await this.alerts.open(stationId, `firmware/${status}`, report, eventId);
  }

  async onBoot(eventId: string, { stationId, firmwareVersion: now = '' }: StationBooted): Promise<void> {
    if (now === '') return;
    const open = await this.alerts.openOf(SOURCE, [stationId]);
    const isOver = ({ firmwareVersion: before = '' }: { readonly firmwareVersion?: string }): boolean => before !== '' && before !== now;
    await this.alerts.clearAll(open.filter(isOver), eventId);
  }
}
