import { randomInt } from 'node:crypto';
import { variableKey } from '@voltlog/device-domain';
import { RequestError } from '@voltlog/kernel';
import type { Collection } from '@voltlog/store';
import type { Said, StationLine } from '../security/station-line.js';
import type { DeviceModelDoc, ReportDoc } from './documents.js';
import type { Reports } from './reports.js';

/** OCPP requestId: a 32-bit integer. */
const REQUEST_ID_MAX = 0x7fffffff;

export type ReportBase = 'FullInventory' | 'ConfigurationInventory';

/** What is known of stations' device models, and asking for more. */
export class DeviceModels {
  constructor(
    private readonly collection: Collection<DeviceModelDoc>,
    private readonly reports: Reports,
    private readonly line: StationLine,
  ) {}

  /** undefined: the station has told nothing yet. */
  get(stationId: string): Promise<DeviceModelDoc | undefined> {
    return this.collection.get(stationId);
  }

  reportsOf(stationId: string): Promise<readonly ReportDoc[]> {
    return this.reports.of(stationId);
  }

  report(id: string): Promise<ReportDoc | undefined> {
    return this.reports.get(id);
  }

  /** What the station last told that a variable is; undefined: nothing. */
  async value(stationId: string, component: string, name: string): Promise<string | undefined> {
    const key = variableKey({ component, name });
    const variable = (await this.get(stationId))?.variables.find((each) => variableKey(each) === key);
    return variable?.attributes.find(({ type }) => type === 'Actual')?.value;
  }

  /** Asks for all variables. Only the inventory of everything shows what is gone. @returns what the station said, and the report to follow */
  async askForVariables(stationId: string, reportBase: ReportBase): Promise<{ readonly said: Said; readonly report: ReportDoc }> {
    const requestId = randomInt(1, REQUEST_ID_MAX);
    const report = await this.reports.expect(stationId, 'Variables', requestId, reportBase === 'FullInventory');
    const said = await this.line.say(stationId, { $case: 'getBaseReport', value: { requestId, reportBase } });
    return { said, report: await this.answered(report, said) };
  }

  async askForMonitors(stationId: string): Promise<{ readonly said: Said; readonly report: ReportDoc }> {
    const requestId = randomInt(1, REQUEST_ID_MAX);
    const report = await this.reports.expect(stationId, 'Monitors', requestId, true);
    const said = await this.line.say(stationId, { $case: 'getMonitoringReport', value: { requestId, criteria: [], variables: [] } });
    return { said, report: await this.answered(report, said) };
  }

  private async answered(report: ReportDoc, said: Said): Promise<ReportDoc> {
    switch (said.kind) {
      case 'accepted':
        // 1.6 tells all of it in its answer.
        return said.response.action === 'GetConfiguration' ? this.reports.settled(report.id, 'Complete', '') : report;
      case 'refused':
        return this.reports.settled(report.id, 'Refused', said.reason);
      default:
        return this.reports.settled(report.id, 'Refused', 'the station could not be reached');
    }
  }
}

/** @throws {RequestError} where a station did not take a command */
export function mustBeTaken(said: Said): void {
  if (said.kind === 'away') throw new RequestError('FAILED_PRECONDITION', 'the station is not connected', 'StationOffline');
  if (said.kind === 'refused') throw new RequestError('FAILED_PRECONDITION', said.reason, 'StationRefused');
}
