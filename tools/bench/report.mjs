const whole = (value) => Math.round(value).toLocaleString('en');
const percent = (value, of) => `${Math.round((100 * value) / of)} %`;

/** The page, from what was measured; ratios are to the raw baselines of the same run. */
export function report(results, about) {
  const by = Object.fromEntries(results.map((row) => [row.name, row]));
  const rows = results.map(({ name, heartbeats, sessions, open, storm }) =>
    [
      name,
      whole(heartbeats.callsPerSecond),
      whole(heartbeats.perCpuSecond),
      whole(sessions.callsPerSecond),
      whole(sessions.perCpuSecond),
      `${sessions.latency.p50Ms.toFixed(1)} / ${sessions.latency.p99Ms.toFixed(1)}`,
      `${open.latency.p50Ms.toFixed(1)} / ${open.latency.p99Ms.toFixed(1)}`,
      storm ? storm.kbPerConnection.toFixed(1) : '',
      storm ? `${storm.opened.seconds.toFixed(1)} (${storm.opened.booted}/${about.stations})` : '',
    ].join(' | '),
  );
  const ratio = (what, base) =>
    by[what] && by[base] ? `| ${what} | ${base} | ${percent(by[what].sessions.perCpuSecond, by[base].sessions.perCpuSecond)} |\n` : '';
  const log = "raw ws + fsync'd log";
  return `# Benchmark

Written by \`npm run bench\`; do not edit. ${about.cores} cores, ${about.cpu}, Node ${about.node}. The load runs on the same machine in a process of its own; its
CPU is not counted. Figures of one run compare with each other; those of another run or machine do not.

- **Sessions**: ${about.active} stations, each doing Authorize, StartTransaction, 5 MeterValues of 8 sampled values, StopTransaction, over and over for ${about.seconds} s, after ${about.warm} s of the same that are not counted.
  The fact is durable before each answer (not in raw ws).
- **Per CPU-second**: calls divided by the CPU of all server processes, until they are idle again: what happens behind the answer is counted.
- **At 1 000 calls/s**: the same mix in an open loop, from stations that begin one after the other and take turns by chance; latency counts from when a call was due. Sessions under way at the end are finished at the same rate, and are not in the latency.
- **kB per idle connection**: growth of resident memory over the storm. The process is warm by then and reuses what the load before it freed, so this is a
  lower bound.
- **Storm**: ${about.stations.toLocaleString('en')} stations connect, 500 at a time, until each is booted. Voltlog with all services checks each station's password.

| | heartbeats /s | per CPU-s | session calls /s | per CPU-s | p50 / p99 ms | at 1 000/s: p50 / p99 ms | kB per idle connection | storm, s |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${rows.map((row) => `| ${row} |`).join('\n')}

## Ratios of session calls per CPU-second

| | of | |
| --- | --- | --- |
${ratio('Voltlog, connection alone', log)}${ratio('Voltlog, all services', log)}${ratio('Voltlog on Kafka, connection alone', 'raw ws + kafkajs acks=all')}${ratio('Voltlog on Kafka and MongoDB, all services', 'raw ws + kafkajs acks=all')}`;
}
