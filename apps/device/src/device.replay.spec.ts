import { readdirSync, readFileSync } from 'node:fs';
import type { JobEvent, JobPartEvent, SiteEvent, StationEvent } from '@voltlog/device-contract';
import {
  type ConfigurationEvent,
  configurationDecider,
  type DeviceModelEvent,
  deviceModelDecider,
  type JobPartState,
  type JobState,
  jobDecider,
  jobPartDecider,
  type SiteState,
  type StationState,
  siteDecider,
  stationDecider,
  type TemplateEvent,
  templateDecider,
} from '@voltlog/device-domain';
import { fold } from '@voltlog/kernel';
import { describe, expect, it } from 'vitest';

const folder = new URL('../../../libs/device/contract/samples/', import.meta.url);
const samples = readdirSync(folder)
  .toSorted()
  .map((name) => ({ type: name.replace(/(\.\d+)?\.json$/, ''), data: JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as unknown }));
const of = <Event extends { readonly type: string }>(name: string): readonly Event[] =>
  samples.filter((sample) => sample.type === `voltlog.device.${name}.v1`) as readonly object[] as readonly Event[];

describe('samples of device', () => {
  it('still fold to the same site', () => {
    let state: SiteState = siteDecider.initialState;
    for (const name of ['SiteRegistered', 'SiteChanged', 'SiteRetired'])
      for (const event of of<SiteEvent>(name)) state = siteDecider.evolve(state, event);
    expect(state).toMatchObject({ kind: 'site', siteId: 'depot-north', name: 'Depot North 2', retired: true, revision: 3 });
  });

  it('still fold to the same station', () => {
    let state: StationState = stationDecider.initialState;
    const names = ['Quarantined', 'Accepted', 'Registered', 'CredentialSet', 'IdentityReported', 'Changed', 'Retired'].map(
      (name) => `Station${name}`,
    );
    for (const name of [...names, 'ConnectorsLearnt'])
      for (const event of of<StationEvent>(name)) state = stationDecider.evolve(state, event);
    expect(state).toMatchObject({
      kind: 'station',
      lifecycle: 'Retired',
      vendor: 'Voltmaker',
      firmwareVersion: '1.4.2',
      name: 'Bay 1a',
      evses: [{ evseId: 1, connectors: [{ connectorId: 1 }] }],
      tags: ['fast', 'phase-2'],
      passwordHash: expect.stringMatching(/^scrypt\$16384\$/),
      revision: 11,
    });
  });

  it('still fold to the same job', () => {
    let state: JobState = jobDecider.initialState;
    for (const name of ['JobCreated', 'JobPlanned', 'JobCancelled', 'JobRetried', 'JobEnded'])
      for (const event of of<JobEvent>(name)) state = jobDecider.evolve(state, event);
    expect(state).toMatchObject({ kind: 'job', state: 'Ended', outcome: 'Completed', round: 2, stationCount: 3, counts: { Accepted: 1 } });
  });

  it('still fold to the same part of a job', () => {
    let state: JobPartState = jobPartDecider.initialState;
    for (const name of ['JobPartPlanned', 'JobStationsSent', 'JobStationsAnswered', 'JobStationsQueued', 'JobStationsDropped'])
      for (const event of of<JobPartEvent>(name)) state = jobPartDecider.evolve(state, event);
    expect(state?.stations).toMatchObject({
      'CP-0001': { state: 'Accepted', attempt: 1, answer: { stationStatus: 'Accepted', latencyMs: 84 } },
      'CP-0002': { state: 'Unknown', attempt: 1 },
      'CP-0003': { state: 'Expired', attempt: 0 },
    });
  });

  it('still fold to the same device model, configuration and template', () => {
    const events = <Event extends { readonly type: string }>(...names: string[]) => names.flatMap((name) => of<Event>(name));
    const model = fold(
      deviceModelDecider,
      events<DeviceModelEvent>('VariablesChanged', 'VariablesGone', 'DeviceModelReported', 'MonitorsChanged'),
    );
    expect([...model.variables.values()].map(({ name }) => name)).toEqual(['HeartbeatInterval']);
    expect(model).toMatchObject({ lastReport: { outcome: 'Incomplete', missingParts: [[2, 2]] } });
    expect([...model.monitors.keys()]).toEqual([1]);
    const names = ['ConfigurationIntended', 'ConfigurationReconciled', 'AvailabilityIntended', 'OutageScheduled', 'OutageEnded'];
    expect(fold(configurationDecider, events<ConfigurationEvent>(...names))).toMatchObject({
      variables: [{ value: '900' }, { component: '1.6', value: '50' }],
      lastReconciled: { outcome: 'Refused' },
      inoperative: [{ evseId: 1, connectorId: 0 }],
      outages: [],
      revision: 5,
    });
    expect(fold(templateDecider, events<TemplateEvent>('TemplateDefined', 'TemplateRetired'))).toMatchObject({
      templateId: 'voltmaker-ac22',
      boot: 'Pending',
      monitors: [{ type: 'UpperThreshold', value: 70 }],
      retired: true,
      revision: 3,
    });
  });
});
