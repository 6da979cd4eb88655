/* eslint-disable @nx/enforce-module-boundaries -- samples and faults are made by the tool that compiles the schemas */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { SENDERS as SENDERS_16 } from '@voltlog/ocpp-v16';
import { SENDERS as SENDERS_21 } from '@voltlog/ocpp-v21';
import { SENDERS as SENDERS_201 } from '@voltlog/ocpp-v201';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Breaks, mutations, sample } from '../../../../tools/ocpp-schemas/samples.js';
import { readMessages } from '../../../../tools/ocpp-schemas/schemas.mjs';
import { VERSIONS } from '../../../../tools/ocpp-schemas/versions.mjs';
import { World } from '../testing/harness.js';

const PACKAGE = dirname(createRequire(import.meta.url).resolve('ocpp-rpc/package.json'));
const SENDERS: Record<string, Readonly<Record<string, string>>> = {
  'ocpp1.6': SENDERS_16,
  'ocpp2.0.1': SENDERS_201,
  'ocpp2.1': SENDERS_21,
};
const CODES: Record<Exclude<Breaks, 'none'>, string> = {
  format: 'FormatViolation',
  occurrence: 'OccurrenceConstraintViolation',
  property: 'PropertyConstraintViolation',
  type: 'TypeConstraintViolation',
};
const CODES_16 = { ...CODES, format: 'FormationViolation', occurrence: 'OccurenceConstraintViolation' };
const MINUTES = 60_000;

/** Every message with every single fault, over a real socket: the edge must say the right code, keep nothing, and go on. */
describe.each(VERSIONS)('$name over a socket', (version) => {
  const { messages, definitions } = readMessages(version, join(PACKAGE, 'lib/schemas', version.source));
  const codes = version.name === 'ocpp1.6' ? CODES_16 : CODES;
  const sender = (action: string) => SENDERS[version.name]?.[action];
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    await world.start({ CALLS_PER_SECOND_MAX: '100000', FRAME_BYTES_MAX: '4194304' });
  });
  afterEach(() => world.close());

  const faultsOf = (action: string, kind: 'request' | 'response') => {
    const schema = messages.find((message) => message.action === action && message.kind === kind)?.schema;
    if (schema === undefined) return [];
    const full = sample(schema, definitions, true);
    return mutations(schema, definitions, full).flatMap(({ what, breaks, apply }) => {
      if (breaks === 'none') return [];
      const undo = apply();
      const payload: unknown = structuredClone(full);
      undo();
      return [{ what: `${action}${what}`, code: codes[breaks], payload }];
    });
  };
  const actions = (...from: readonly string[]) =>
    [...new Set(messages.filter(({ kind }) => kind !== 'send').map(({ action }) => action))].filter((action) =>
      from.includes(sender(action) ?? ''),
    );

  it('a call with a fault is refused with the code of the version, and leaves nothing behind', { timeout: 5 * MINUTES }, async () => {
    const station = await world.connect({ protocols: [version.name] });
    const wrong: string[] = [];
    let faults = 0;
    for (const action of actions('station', 'both'))
      for (const { what, code, payload } of faultsOf(action, 'request')) {
        faults += 1;
        const [kind, , answered] = await station.call(action, payload as object);
        if (kind !== 4 || answered !== code) wrong.push(`${what}: ${kind} ${answered} instead of ${code}`);
      }
    expect(wrong).toEqual([]);
    expect(faults).toBeGreaterThan(version.name === 'ocpp1.6' ? 200 : 500);
    await station.ask('Heartbeat', {});
    const recorded = world.log.appended.map(({ type }) => type).filter((type) => type !== 'voltlog.connection.StationConnected.v1');
    expect(recorded).toEqual([]);
  });

  it('a command with a fault is refused before it is sent', { timeout: 5 * MINUTES }, async () => {
    const station = await world.connect({ protocols: [version.name] });
    const wrong: string[] = [];
    for (const action of actions('csms', 'both'))
      for (const { what, code, payload } of faultsOf(action, 'request')) {
        const sent = await world.command('CP1', { $case: 'rawCall', value: { action, payloadJson: JSON.stringify(payload) } }).then(
          (result) => result.status as string,
          (error: { code?: string; reason?: string }) => `${error.code} ${error.reason}`,
        );
        if (sent !== `INVALID_ARGUMENT ${code}`) wrong.push(`${what}: ${sent}`);
      }
    expect(wrong).toEqual([]);
    expect(station.received).toEqual([]);
  });

  it('an answer with a fault is told to who asked, and in 2.1 to the station', { timeout: 5 * MINUTES }, async () => {
    const station = await world.connect({ protocols: [version.name] });
    let answer: unknown;
    station.onCall = (_action, _payload, id) => JSON.stringify([3, id, answer]);
    const wrong: string[] = [];
    let told = 0;
    for (const action of actions('csms', 'both')) {
      const request = messages.find((message) => message.action === action && message.kind === 'request');
      const payloadJson = JSON.stringify(request === undefined ? {} : sample(request.schema, definitions, false));
      for (const { what, code, payload } of faultsOf(action, 'response')) {
        answer = payload;
        const { status, reason } = await world.command('CP1', { $case: 'rawCall', value: { action, payloadJson } });
        if (status !== 'COMMAND_STATUS_REJECTED' || !reason.includes(code)) wrong.push(`${what}: ${status} ${reason}`);
        told += 1;
      }
    }
    expect(wrong).toEqual([]);
    expect(told).toBeGreaterThan(version.name === 'ocpp1.6' ? 50 : 300);
    await station.ask('Heartbeat', {});
    expect(station.received.filter(([kind]) => kind === 5)).toHaveLength(version.name === 'ocpp2.1' ? told : 0);
  });
});
