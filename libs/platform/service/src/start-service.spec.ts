import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { EventLog } from '@voltlog/event-log';
import { createRpc } from '@voltlog/grpc';
import type { Store } from '@voltlog/store';
import { createTelemetry } from '@voltlog/telemetry';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Health } from './health.js';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext, type ServiceDefinition } from './service.js';
import { type RunningService, startService } from './start-service.js';

const seen: string[] = [];

@Injectable()
class Probe implements OnApplicationBootstrap {
  constructor(
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: { GREETING: string },
  ) {}

  onApplicationBootstrap(): void {
    seen.push(`${this.context.service} says ${this.config.GREETING}`);
  }

  beforeApplicationShutdown(): void {
    seen.push('stopped');
  }
}

class ProbeModule {}

const definition: ServiceDefinition<{ GREETING: string }> = {
  name: 'probe',
  topics: [{ name: 'probe.probe.v1', partitions: 3 }],
  config: z.object({ GREETING: z.string() }),
  module: (context, config) => ({
    module: ProbeModule,
    providers: [Probe, { provide: SERVICE_CONTEXT, useValue: context }, { provide: SERVICE_CONFIG, useValue: config }],
  }),
};

const telemetry = createTelemetry({ instanceId: 'probe-1', logLevel: 'silent', traceRatio: 0 });
const topics: string[] = [];
const context = {
  service: 'probe',
  instanceId: 'probe-1',
  log: {
    ensureTopics: async (specs) => void topics.push(...specs.map(({ name }) => name)),
  } satisfies Partial<EventLog> as unknown as EventLog,
  store: {} as Store,
  rpc: createRpc(),
  logger: telemetry.logger,
  clock: { now: () => 0 },
  ids: { next: () => '' },
  metrics: telemetry.metrics('probe'),
  tracing: telemetry.tracing('probe'),
  announce: () => {},
  readiness: () => {},
} satisfies ServiceContext;

const running: RunningService[] = [];
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
  seen.length = 0;
});

describe('a service', () => {
  it('gets its topics, its context and its configuration, and is stopped', async () => {
    const service = await startService(definition, context, { GREETING: 'hello' });
    expect(topics).toContain('probe.probe.v1');
    expect(seen).toEqual(['probe says hello']);
    await service.stop();
    expect(seen).toEqual(['probe says hello', 'stopped']);
  });

  it('answers its probes: alive always, ready only while every check passes and it is not draining', async () => {
    const health = new Health();
    let broken = false;
    health.add('store', async () => {
      if (broken) throw new Error('no primary');
    });
    const service = await startService(
      definition,
      context,
      { GREETING: 'hi' },
      { host: '127.0.0.1', port: 0, health, metricsText: telemetry.metricsText },
    );
    running.push(service);
    const get = async (path: string): Promise<{ status: number; text: string }> => {
      const response = await fetch(`${service.url}${path}`);
      return { status: response.status, text: await response.text() };
    };
    expect((await get('/livez')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
    expect((await get('/metrics')).text).toContain('process_resident_memory_bytes');
    broken = true;
    expect(await get('/readyz')).toMatchObject({ status: 503, text: expect.stringContaining('no primary') });
    broken = false;
    health.draining = true;
    expect((await get('/readyz')).status).toBe(503);
    expect((await get('/livez')).status).toBe(200);
  });
});
