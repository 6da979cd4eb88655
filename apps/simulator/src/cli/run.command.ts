import type { Command } from 'commander';
import { runFleet } from '../fleet/run-fleet.js';
import type { OcppVersion } from '../station/protocol.js';
import { DEFAULT_URL, passwordOf, positive, securityOf, share, urls, versions, wholeNumber, words } from './options.js';
import { kWh, Output } from './output.js';

interface RunOptions {
  readonly url: [string, ...string[]];
  readonly count: number;
  readonly version: [OcppVersion, ...OcppVersion[]];
  readonly password?: string;
  readonly tlsCa?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly tokens: [string, ...string[]];
  readonly seed: number;
  readonly speed: number;
  readonly duration: number;
  readonly pause: number;
  readonly offline: number;
  readonly lost: number;
  readonly clockError: number;
  readonly idPrefix: string;
  readonly settle: number;
  readonly keepTrying?: boolean;
  readonly ledger?: boolean;
  readonly json?: boolean;
}

export function addRunCommand(program: Command): void {
  program
    .command('run')
    .description('let stations charge random cars, with offline times, lost answers and wrong clocks')
    .option(
      '--url <address>',
      'OCPP address without the station id, http:// for 1.6 over SOAP; several, separated by commas, are shared out',
      urls,
      [DEFAULT_URL],
    )
    .option('--count <n>', 'how many stations', wholeNumber(1), 10)
    .option('--version <list>', 'OCPP versions, dealt out in turn', versions, ['1.6', '2.0.1'])
    .option('--password <text>', 'basic auth password; {id} stands for the station id')
    .option('--tls-ca <file>', 'roots (PEM) the certificate of a wss:// address is checked against')
    .option('--cert <file>', 'client certificate (PEM) of security profile 3; {id} stands for the station id')
    .option('--key <file>', 'its key (PEM), when it is in a file of its own')
    .option('--tokens <list>', 'ID tokens of the drivers', words, ['DEMO-CARD-1'])
    .option('--seed <n>', 'the same seed gives the same cars, pauses and failures', wholeNumber(0), 1)
    .option('--speed <n>', 'simulated seconds per second', positive, 60)
    .option('--duration <seconds>', 'simulated seconds', positive, 3600)
    .option('--pause <seconds>', 'mean pause between two cars, simulated', positive, 600)
    .option('--offline <share>', 'share of sessions with an offline time', share, 0.1)
    .option('--lost <share>', 'share of sessions with a lost answer', share, 0.05)
    .option('--clock-error <seconds>', 'clocks are wrong by up to this', wholeNumber(0), 0)
    .option('--id-prefix <text>', 'station ids are this and a number of four digits', 'SIM-')
    .option('--settle <seconds>', 'how long the last answers are waited for', positive, 60)
    .option('--keep-trying', 'where the CSMS lets in no station at all (e.g. 401, 403, 404): to the end, instead of ending at once')
    .option('--ledger', 'with --json: every transaction as it truly was, one line each')
    .option('--json', 'JSON lines on stdout')
    .addHelpText(
      'after',
      `
Examples:
  $ simulator run --count 20 --tokens CARD-1,CARD-2 --speed 120
  $ simulator run --version 1.6 --password 'pw-{id}' --offline 0.5 --lost 0.3 --json --ledger > truth.jsonl

A station that is not let in goes on trying, as real ones do; with none let in the run ends, unless --keep-trying.

Exit code: 0 when every transaction was answered, 1 when not, 2 for a wrong option. Ctrl+C ends the sessions in order.`,
    )
    .action(run);
}

async function run(options: RunOptions): Promise<void> {
  const output = new Output(options.json === true);
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const password = passwordOf(options.password);
  const security = securityOf(options, options.url[0], options.password);
  const result = await runFleet({
    url: options.url,
    count: options.count,
    versions: options.version,
    tokens: options.tokens,
    seed: options.seed,
    timeScale: options.speed,
    seconds: options.duration,
    pauseSeconds: options.pause,
    offlineShare: options.offline,
    lostAnswerShare: options.lost,
    clockErrorSeconds: options.clockError,
    settleMs: options.settle * 1000,
    keepsTrying: options.keepTrying === true,
    idOf: (index) => `${options.idPrefix}${String(index + 1).padStart(4, '0')}`,
    signal: abort.signal,
    onProgress: (now) =>
      output.progress(
        `${Math.floor(now.share * 100)} %  ${now.online}/${now.stations} online, ${now.running} charging, ${now.stopped} done, ${kWh(now.deliveredWh)}`,
      ),
    ...(password === undefined ? {} : { passwordOf: password }),
    ...(security === undefined ? {} : { securityOf: security }),
  });
  const { ledger, ...summary } = result;
  if (options.ledger === true) for (const entry of ledger.transactions) output.data({ event: 'transaction', ...entry });
  const isGood = result.unsettled === 0 && result.neverAccepted === 0;
  output.data({ event: 'result', ok: isGood, ...summary });
  output.line(`${result.transactions} transactions, ${kWh(result.deliveredWh)} delivered by ${result.stations} stations`);
  output.line(`${result.disconnects} disconnects, ${result.refusedTokens} refused tokens, ${result.abandonedMessages} messages given up`);
  if (result.neverAccepted > 0) output.line(output.bad(`${result.neverAccepted} stations were never accepted`));
  for (const [why, count] of Object.entries(result.turnedAway)) output.line(output.bad(`${count} of them were not let in: ${why}`));
  if (result.transactions > 0 || isGood)
    output.line(
      isGood ? output.good('every transaction was answered') : output.bad(`${result.unsettled} transactions were not answered to the end`),
    );
  if (!isGood) process.exitCode = 1;
}
