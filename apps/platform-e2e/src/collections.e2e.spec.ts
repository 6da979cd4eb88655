import { SimulatedStation } from '@voltlog/simulator-app';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './harness/eventually.js';
import { registerStation, STATION_PASSWORD } from './harness/fleet.js';
import { answering, bootV2, inventory } from './harness/large-model.js';
import { type Infrastructure, Processes, startInfrastructure } from './harness/processes.js';
import { RawStation } from './harness/raw-station.js';

const STATION = 'kept';
let infrastructure: Infrastructure;
let processes: Processes;
let station: RawStation;
beforeAll(async () => {
  infrastructure = await startInfrastructure();
  processes = await Processes.start(infrastructure);
  await registerStation(processes.api, STATION);
  station = await RawStation.connect({ url: processes.ocppUrls[0], stationId: STATION, protocols: ['ocpp2.0.1'] });
  answering(station, (requestId) => {
    for (const part of inventory(200, 50))
      station.send(JSON.stringify([2, `p${part.seqNo}`, 'NotifyReport', { requestId, generatedAt: new Date().toISOString(), ...part }]));
  });
  await bootV2(station);
}, 300_000);
afterAll(async () => {
  station?.socket.terminate();
  await processes?.stop();
  await infrastructure?.stop();
}, 60_000);

describe('on Kafka and MongoDB', () => {
  it('keeps a device model, what is intended, an alert and an outage', async () => {
    const { api } = processes;
    await api.ok('POST', `/v1/stations/${STATION}/device-model/reports`, {});
    await eventually('the model', async () => {
      const { reported } = await api.get<{ reported: number }>(`/v1/stations/${STATION}/device-model`);
      return reported === 200 ? true : undefined;
    });
    await api.ok('PUT', '/v1/configuration-templates/large', {
      vendor: 'Large',
      variables: [{ component: 'EVSE', evseId: 1, name: 'Value1', value: '7' }],
    });
    const model = await api.get(`/v1/stations/${STATION}/device-model?onlyDifferences=true`);
    expect(model).toMatchObject({ differences: 1, templateIds: ['large'] });
    await station.result('SecurityEventNotification', { type: 'TamperDetectionActivated', timestamp: new Date().toISOString() });
    await eventually('the alert', async () => (await api.get<{ data: readonly unknown[] }>('/v1/alerts')).data[0]);
    await api.ok('POST', `/v1/stations/${STATION}/outages`, { from: '2999-01-01T00:00:00Z', until: '2999-01-02T00:00:00Z' });
    expect(await api.get(`/v1/stations/${STATION}/operation`)).toMatchObject({ outages: [{ evseId: 0 }] });
  });

  it('keeps a job, and what each station said', async () => {
    const { api } = processes;
    const command = { name: 'set-variables', body: { variables: [{ component: 'EVSE', evseId: 1, name: 'Value1', value: '7' }] } };
    const { jobId } = await api.ok<{ jobId: string }>('POST', '/v1/jobs', { command, selection: { all: true } });
    const ended = await eventually('the job ends', async () => {
      const job = await api.get<{ state: string; counts: object }>(`/v1/jobs/${jobId}`);
      return job.state === 'Ended' ? job : undefined;
    });
    expect(ended.counts).toEqual({ Accepted: 1 });
    expect(await api.get(`/v1/jobs/${jobId}/stations?state=Accepted`)).toMatchObject({ data: [{ stationId: STATION }] });
  });

  it('keeps where a SOAP station is called, whichever instance is asked', async () => {
    const { api } = processes;
    await registerStation(api, 'soap');
    const soap = new SimulatedStation({
      id: 'soap',
      version: '1.6',
      url: `${processes.ocppUrls[0].replace(/^ws/, 'http')}/soap`,
      password: STATION_PASSWORD,
    });
    await soap.connect();
    await eventually('it is present', async () => {
      const { connection } = await api.get<{ connection: { connected: boolean; dialect: string } }>('/v1/stations/soap');
      return connection.connected && connection.dialect === '1.6S' ? true : undefined;
    });
    // Often enough that the gateway's balancing has asked both instances.
    for (let round = 0; round < 4; round += 1)
      expect(await api.ok('POST', '/v1/stations/soap/commands/clear-cache', {})).toMatchObject({ action: 'ClearCache' });
    await soap.stop();
  });
});
