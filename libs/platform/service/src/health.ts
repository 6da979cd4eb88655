import type { FastifyInstance } from 'fastify';

/** Milliseconds a single readiness check may take. */
const CHECK_MS_MAX = 2_000;

/** Readiness checks of one process. */
export class Health {
  private readonly checks = new Map<string, () => Promise<void>>();
  /** True from the moment the process was told to stop. */
  draining = false;

  add(name: string, check: () => Promise<void>): void {
    this.checks.set(name, check);
  }

  /** Each check's failure in words; empty: ready. */
  async failures(): Promise<Record<string, string>> {
    const failures: Record<string, string> = this.draining ? { process: 'draining' } : {};
    await Promise.all(
      [...this.checks].map(async ([name, check]) => {
        try {
          await within(check(), CHECK_MS_MAX);
        } catch (error) {
          failures[name] = error instanceof Error ? error.message : String(error);
        }
      }),
    );
    return failures;
  }
}

/** `/livez`: the process runs. `/readyz`: it can do its work. `/metrics`: Prometheus text. */
export function serveHealth(server: FastifyInstance, health: Health, metricsText: () => Promise<string>): void {
  const options = { logLevel: 'silent' as const };
  server.get('/livez', options, (_request, reply) => reply.send({ status: 'ok' }));
  server.get('/readyz', options, async (_request, reply) => {
    const failures = await health.failures();
    const ready = Object.keys(failures).length === 0;
    return reply.status(ready ? 200 : 503).send(ready ? { status: 'ready' } : { status: 'not ready', failures });
  });
  server.get('/metrics', options, async (_request, reply) => reply.type('text/plain; version=0.0.4').send(await metricsText()));
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
