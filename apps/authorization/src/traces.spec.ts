import { DECISION_TOPIC, TOKEN_TOPIC } from '@voltlog/authorization-contract';
import type { EventEnvelope } from '@voltlog/kernel';
import { authorizationV1 } from '@voltlog/proto';
import { ATTRIBUTE, type Tracing } from '@voltlog/telemetry';
import { openTestContext, type TestContext, until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Authorization, createAuthorization } from './authorization.js';
import { authorizationConfig } from './config.js';
import { NO_RULES, TOPICS } from './testing/facts.js';

const { AuthorizationPurpose: Purpose } = authorizationV1;

describe('the trace of a question', () => {
  let context: TestContext;
  let service: Authorization;
  let events: EventEnvelope[];
  let told: unknown[];
  const tracing: Tracing = {
    start: () => undefined,
    continue: (name, traceparent) => {
      told.push(`${name} under ${traceparent}`);
      return {
        traceparent: `${traceparent}/${name}`,
        set: (attribute, value) => told.push([attribute, value]),
        run: (work) => work(),
        fail: () => told.push('failed'),
        end: () => told.push('ended'),
      };
    },
  };
  beforeEach(async () => {
    events = [];
    told = [];
    context = { ...(await openTestContext('authorization')), tracing };
    await context.log.ensureTopics(TOPICS);
    await context.log.subscribe({
      group: 'test',
      topics: [TOKEN_TOPIC, DECISION_TOPIC],
      handle: async (batch) => void events.push(...batch.map(({ event }) => event)),
    });
    service = await createAuthorization(context, authorizationConfig.parse({}));
    await service.start();
    await service.grpc.putToken({
      idToken: { idToken: 'SECRET-CARD', type: 'ISO14443' },
      clearExpiresAt: false,
      ...NO_RULES,
      expectedVersion: 0,
      mustBeNew: false,
      idempotencyKey: '',
      concurrentTransactionsMax: 1,
    });
  });
  afterEach(async () => {
    await service.stop();
    await context.close();
  });

  const question = (
    stationId: string,
    more: Partial<authorizationV1.AuthorizationRequestItem>,
  ): authorizationV1.AuthorizationRequestItem => ({
    stationId,
    evseId: 1,
    idToken: { idToken: 'SECRET-CARD', type: 'ISO14443' },
    purpose: Purpose.IDENTIFY,
    transactionKey: '',
    occurredAt: undefined,
    offline: false,
    ...more,
  });
  const decided = () => events.filter(({ type }) => type === 'voltlog.authorization.AuthorizationDecided.v1');

  it('is its own in a call that many stations share, and goes on with its decision and the place it takes', async () => {
    await service.grpc.authorize({
      requests: [
        question('S1', {}),
        question('S2', { purpose: Purpose.START, transactionKey: 'S2/1', traceparent: 'trace-2' }),
        question('S3', { traceparent: 'trace-3' }),
      ],
    });
    await until(() => decided().length === 3, 'the decisions');
    const of = (stationId: string) => decided().find(({ subject }) => subject === stationId)?.traceparent;
    expect([of('S1'), of('S2'), of('S3')]).toEqual([undefined, 'trace-2/authorize', 'trace-3/authorize']);
    await until(() => events.some(({ type }) => type === 'voltlog.authorization.TransactionPermitted.v1'), 'the place');
    expect(events.find(({ type }) => type === 'voltlog.authorization.TransactionPermitted.v1')?.traceparent).toBe('trace-2');
    expect(told).toEqual([
      'authorize under trace-2',
      [ATTRIBUTE.stationId, 'S2'],
      'authorize under trace-3',
      [ATTRIBUTE.stationId, 'S3'],
      [ATTRIBUTE.authorizationStatus, 'Accepted'],
      [ATTRIBUTE.authorizationStatus, 'Accepted'],
      'ended',
      'ended',
    ]);
  });

  it('is none where the station brought none', async () => {
    await service.grpc.authorize({ requests: [question('S1', {})] });
    await until(() => decided().length === 1, 'the decision');
    expect(decided()[0]?.traceparent).toBeUndefined();
    expect(told).toEqual([]);
  });
});
