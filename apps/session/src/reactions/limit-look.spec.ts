import type { MeterValue, OcppVersion } from '@voltlog/connection-contract';
import { joinClaim, noClaims, noteMeterValue, noteReceived, type Readings } from '@voltlog/session-domain';
import type { Collection } from '@voltlog/store';
import { expect, it } from 'vitest';
import { StationCommands } from '../commands/station-commands.js';
import { type MeterValueDocument, meterValueDocument } from '../store/session-documents.js';
import { at, register, T0, values } from '../testing/facts.js';
import { FakeStations } from '../testing/fake-stations.js';
import { LimitLook } from './limit-look.js';

const MINUTE_MS = 60_000;

/** What is found at a minute about a session that reads its register every 6 s and has a limit of 10 kWh. */
async function look(ocppVersion: OcppVersion, minute: number) {
  const identity = { sessionId: 's-1', stationId: 'CS-1', transactionId: 'tx-1', ocppVersion };
  const told = { startedAt: at(0), receivedAt: at(0), offline: false, transactionKey: 'tx-1', evseId: 1, connectorId: 1 };
  let claims = joinClaim({ ...noClaims, identity }, { kind: 'Started', start: told });
  claims = joinClaim(claims, { kind: 'LimitSet', limit: { limit: { energyWh: 10_000 }, by: 'Driver', at: at(0) } });
  const readings: Readings = {};
  noteReceived(readings, at(minute));
  const last: MeterValue[] = [0.1, 0].map((ago) => values(minute - ago, register(1_000 - ago)));
  for (const value of last) noteMeterValue(readings, value);
  const docs: MeterValueDocument[] = last.map((value) => meterValueDocument('s-1', value, value.at, undefined)).toReversed();
  const meterValues = { find: () => Promise.resolve({ docs }) } as unknown as Collection<MeterValueDocument>;
  const clock = { now: () => T0 + minute * MINUTE_MS };
  return new LimitLook({ meterValues }, new StationCommands(new FakeStations()), clock).look('s-1', claims, readings);
}

it('a limit that is far is looked at again when the next reading is due', async () => {
  expect(await look('ocpp1.6', 10)).toEqual({ kind: 'Watch', lookAtMs: T0 + 10 * MINUTE_MS + 6_000 });
});

it('also where the station keeps it by itself: at a time to come, not over and over', async () => {
  expect(await look('ocpp2.1', 10)).toEqual({ kind: 'Watch', lookAtMs: T0 + 10 * MINUTE_MS + 6_000 });
});
