import { requestCase, STATION_REQUESTS, type StationRequestAction } from '@voltlog/connection-contract';
import { loadV21, requestSchemas } from '@voltlog/ocpp-v21';
import { loadV201 } from '@voltlog/ocpp-v201';
import type { stationRequestsV1 } from '@voltlog/proto';
import { describe, expect, it } from 'vitest';
import { least } from '../testing/least.js';
import { planCommand } from './plan.js';

const LOADERS = { 'ocpp2.0.1': loadV201, 'ocpp2.1': loadV21 } as const;
const context = { connectorsPerEvse: undefined, nextRemoteStartId: () => 1, nextRequestId: () => 42 };

describe.each(['ocpp2.0.1', 'ocpp2.1'] as const)('requests to a station of %s', (version) => {
  const actions = (Object.keys(STATION_REQUESTS) as StationRequestAction[]).filter(
    (action) => !(version in STATION_REQUESTS[action].missing),
  );
  it.each(actions)('%s is said as it is, with a number where one is needed, and passes the schema', async (action) => {
    const schema = requestSchemas.requests[action] ?? {};
    const value = least(schema) as Record<string, unknown>;
    // 2.1 has made the limit of a period optional.
    const profile = value['chargingProfile'] as { chargingSchedule?: { chargingSchedulePeriod: { limit?: number }[] }[] } | undefined;
    for (const schedule of profile?.chargingSchedule ?? []) for (const period of schedule.chargingSchedulePeriod) period.limit = 6;
    const request = { $case: requestCase(action), value } as NonNullable<stationRequestsV1.StationRequest['request']>;
    const plan = planCommand(
      version,
      { $case: 'stationRequest', value: { request: structuredClone(request) } },
      { ...context, ocppVersion: version },
    );
    if ('notSupported' in plan) throw new Error(plan.notSupported);
    const numbered = 'requestId' in (schema.properties ?? {}) ? { requestId: 42 } : {};
    expect(plan.calls).toEqual([{ action, payload: { ...value, ...numbered } }]);
    const [call] = plan.calls;
    expect((await LOADERS[version]()).checkRequest(action, call?.payload)).toBeUndefined();
  });
});
