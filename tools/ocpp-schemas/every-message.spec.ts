import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { OcppProtocol } from '@voltlog/ocpp-rpc';
import { loadV16 } from '@voltlog/ocpp-v16';
import { loadV21 } from '@voltlog/ocpp-v21';
import { loadV201 } from '@voltlog/ocpp-v201';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Breaks, mutations, sample } from './samples.js';
import { type Message, readMessages } from './schemas.mjs';
import { VERSIONS } from './versions.mjs';

const PACKAGE = dirname(createRequire(import.meta.url).resolve('ocpp-rpc/package.json'));
const LOADERS = { 'ocpp1.6': loadV16, 'ocpp2.0.1': loadV201, 'ocpp2.1': loadV21 };
const CODES_OF_2 = {
  none: undefined,
  format: 'FormatViolation',
  occurrence: 'OccurrenceConstraintViolation',
  property: 'PropertyConstraintViolation',
  type: 'TypeConstraintViolation',
};
const CODES: Record<keyof typeof LOADERS, Record<Breaks, string | undefined>> = {
  'ocpp1.6': { ...CODES_OF_2, format: 'FormationViolation', occurrence: 'OccurenceConstraintViolation' },
  'ocpp2.0.1': CODES_OF_2,
  'ocpp2.1': CODES_OF_2,
};

for (const version of VERSIONS) {
  describe(`every message of ${version.name}`, () => {
    const { messages, definitions } = readMessages(version, join(PACKAGE, 'lib/schemas', version.source));
    let protocol: OcppProtocol;
    beforeAll(async () => {
      protocol = await LOADERS[version.name]();
    });
    const check = ({ kind, action }: Message, payload: unknown) =>
      kind === 'response' ? protocol.checkResponse(action, payload) : protocol.checkRequest(action, payload);

    it(`has all ${version.schemas} schemas`, () => {
      expect(messages).toHaveLength(version.schemas);
    });

    it.each(messages.map((message) => [message.name, message] as const))(
      '%s: valid passes, each single fault has its code',
      (_, message) => {
        expect(check(message, sample(message.schema, definitions, false))).toBeUndefined();
        const full = sample(message.schema, definitions, true);
        const wrong: string[] = [];
        for (const { what, breaks, apply } of [
          { what: 'unchanged', breaks: 'none' as const, apply: () => () => {} },
          ...mutations(message.schema, definitions, full),
        ]) {
          const undo = apply();
          const code = check(message, full)?.code;
          undo();
          if (code !== CODES[version.name][breaks]) wrong.push(`${what}: ${code}`);
        }
        expect(wrong).toEqual([]);
        expect(check(message, full)).toBeUndefined();
      },
    );
  });
}

it('makes at least twenty faults for each message on average', () => {
  let faults = 0;
  let messages = 0;
  for (const version of VERSIONS) {
    const model = readMessages(version, join(PACKAGE, 'lib/schemas', version.source));
    for (const { schema } of model.messages) {
      faults += mutations(schema, model.definitions, sample(schema, model.definitions, true)).filter(
        ({ breaks }) => breaks !== 'none',
      ).length;
    }
    messages += model.messages.length;
  }
  expect(faults / messages).toBeGreaterThan(20);
});
