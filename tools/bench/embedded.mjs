import { join } from 'node:path';
import { PLATFORM_FLAGS } from '../node-flags.mjs';
import { launch } from './processes.mjs';

export const ADMIN_KEY = 'voltlog_live_bench_0123456789abcdef0123456789abcdef';

/** Free ports, and no limit that a load would meet. */
export const SERVER_ENV = {
  OCPP_PORT: '0',
  HTTP_PORT: '0',
  OCPP_ALLOW_INSECURE: 'true',
  CALLS_PER_SECOND_MAX: '100000',
  LOG_LEVEL: 'error',
  GATEWAY_ADMIN_KEY: ADMIN_KEY,
  RATE_LIMIT_BURST: '1000000',
  RATE_LIMIT_PER_SECOND: '1000000',
};

/** Starts all services of a built checkout in one process. @param flags of Node, behind those of `npm start` */
export async function startEmbedded(root, data, { environment = SERVER_ENV, flags = [] } = {}) {
  const [script, ...args] = [
    ...PLATFORM_FLAGS,
    ...flags,
    join(root, 'dist/voltlog/main.js'),
    'start',
    '--no-demo',
    '--data',
    data,
    '--log-level',
    'error',
  ];
  const server = await launch(script, args, /Stop with Ctrl\+C/, environment);
  return {
    pid: server.pid,
    stop: server.stop,
    url: /Stations\s+(ws:\S+?)\/\{/.exec(server.output())[1],
    api: /API\s+(http:\S+?)\/docs/.exec(server.output())[1],
  };
}

/** Runs the simulator's load in a process of its own; resolves once its stations are connected. */
export const startLoad = (root, { url, passwords, tokens }, kind, args) =>
  launch(
    join(root, 'dist/simulator/main.js'),
    [
      'load',
      kind,
      '--url',
      url,
      '--json',
      '--id-prefix',
      'BENCH-',
      ...(passwords ? ['--passwords', passwords] : []),
      ...(tokens ? ['--tokens', 'BENCH{n}', '--token-count', String(tokens)] : []),
      ...args,
    ],
    /\{"event":"opened".*\n/,
  );
