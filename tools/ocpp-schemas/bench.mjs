// What reading and checking a frame costs, beside JSON.parse alone: node tools/ocpp-schemas/bench.mjs (about 6 s)
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ocpp-bench-'));

async function libraries() {
  const entry = join(folder, 'entry.ts');
  const names = { rpc: 'ocpp-rpc', v16: 'ocpp-v16', v201: 'ocpp-v201', v21: 'ocpp-v21' };
  writeFileSync(
    entry,
    Object.values(names)
      .map((name) => `export * from '@voltlog/${name}';\n`)
      .join('')
      .replace(/export \* from '@voltlog\/ocpp-v(\d+)'/g, "export { loadV$1 } from '@voltlog/ocpp-v$1'"),
  );
  const alias = Object.fromEntries(
    Object.entries(names).map(([path, name]) => [`@voltlog/${name}`, join(root, 'libs/ocpp', path, 'src/index.ts')]),
  );
  const bundle = await rolldown({ input: entry, platform: 'node', resolve: { alias, extensionAlias: { '.js': ['.ts', '.js'] } } });
  await bundle.write({ dir: join(folder, 'out'), format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' });
  return import(pathToFileURL(join(folder, 'out/entry.mjs')).href);
}

/** @returns microseconds for one run, after a warm-up */
function cost(work, forMs = 400) {
  for (let i = 0; i < 20_000; i++) work();
  const startedAt = performance.now();
  let runs = 0;
  while (performance.now() - startedAt < forMs) {
    for (let i = 0; i < 500; i++) work();
    runs += 500;
  }
  return ((performance.now() - startedAt) * 1000) / runs;
}

const at = '2026-11-23T10:00:00.000Z';
const sampled = (i) => ({
  context: 'Sample.Periodic',
  measurand: i % 2 ? 'Power.Active.Import' : 'Energy.Active.Import.Register',
  phase: 'L1',
  location: 'Outlet',
});
const eight = (make) => Array.from({ length: 8 }, (_, i) => make(i));
const meterValues = {
  connectorId: 1,
  transactionId: 12,
  meterValue: [{ timestamp: at, sampledValue: eight((i) => ({ value: `${1000 + i}`, unit: i % 2 ? 'W' : 'Wh', ...sampled(i) })) }],
};
const transactionEvent = {
  eventType: 'Updated',
  timestamp: at,
  triggerReason: 'MeterValuePeriodic',
  seqNo: 4,
  transactionInfo: { transactionId: '0b0e9d3e-3a1c-4b7e-9f65-2d1a7c1f0a11', chargingState: 'Charging' },
  evse: { id: 1, connectorId: 1 },
  meterValue: [
    { timestamp: at, sampledValue: eight((i) => ({ value: 1000 + i, unitOfMeasure: { unit: i % 2 ? 'W' : 'Wh' }, ...sampled(i) })) },
  ],
};

try {
  const ocpp = await libraries();
  const protocols = {};
  for (const load of [ocpp.loadV16, ocpp.loadV201, ocpp.loadV21]) {
    const startedAt = performance.now();
    const protocol = await load();
    protocols[protocol.version] = protocol;
    console.log(`load ${protocol.version}: ${(performance.now() - startedAt).toFixed(0)} ms`);
  }
  console.log('µs each                          bytes  JSON.parse  parseFrame  validate  both');
  for (const [version, action, payload] of [
    ['ocpp1.6', 'Heartbeat', {}],
    ['ocpp1.6', 'MeterValues', meterValues],
    ['ocpp2.0.1', 'TransactionEvent', transactionEvent],
    ['ocpp2.1', 'TransactionEvent', transactionEvent],
  ]) {
    const protocol = protocols[version];
    const text = ocpp.encodeCall('c0ffee00-0000-4000-8000-000000000000', action, payload);
    const parsed = ocpp.parseFrame(text);
    if (protocol.checkCall(parsed.action, parsed.payload, 'station')) throw new Error(`${action} must be valid`);
    const columns = [
      cost(() => JSON.parse(text)),
      cost(() => ocpp.parseFrame(text)),
      cost(() => protocol.checkCall(action, parsed.payload, 'station')),
      cost(() => {
        const call = ocpp.parseFrame(text);
        protocol.checkCall(call.action, call.payload, 'station');
      }),
    ];
    const [parse, frame, validate, both] = columns.map((us) => us.toFixed(2));
    console.log(
      `${`${version} ${action}`.padEnd(32)} ${`${text.length}`.padStart(5)}  ${parse.padStart(10)}  ${frame.padStart(10)}  ${validate.padStart(8)}  ${both.padStart(4)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
