import type { Command } from 'commander';
import { type Cli, example } from './cli.js';
import { saved } from './files.js';
import type { Column } from './output.js';
import { wholeNumber } from './words.js';

const RECORDING: readonly Column[] = [
  ['RECORDING', 'recordingId'],
  ['STATE', 'state'],
  ['STARTED', 'startedAt'],
  ['UNTIL', (row) => row['endedAt'] ?? row['until']],
  ['LINES', 'lines'],
  ['BYTES', 'bytes'],
];

export function addRecordings(program: Command, cli: Cli): void {
  const recordings = program
    .command('recordings')
    .description('what a station really says, with names replaced, to be replayed by the simulator');
  recordings
    .command('start')
    .description('record a station from now on')
    .argument('<stationId>')
    .option('--minutes <n>', 'it ends by itself then (default: 60)', wholeNumber)
    .option('--bytes <n>', 'it ends by itself with as many (default: 10 MiB)', wholeNumber)
    .addHelpText('after', example('voltlog recordings start CP-001 --minutes 15'))
    .action((id: string, { minutes, bytes: bytesMax }: { minutes?: number; bytes?: number }) =>
      cli.run(async (client, output) => output.one(await client.call('POST', path(id), { minutes, bytesMax }), RECORDING)),
    );
  recordings
    .command('stop')
    .description('end a recording')
    .argument('<stationId>')
    .argument('<recordingId>')
    .action((id: string, recordingId: string) =>
      cli.run(async (client, output) => output.one(await client.call('POST', `${path(id, recordingId)}/stop`), RECORDING)),
    );
  recordings
    .command('list')
    .description('recordings of a station, newest first')
    .argument('<stationId>')
    .action((id: string) => cli.run((client, output) => output.list(client.rows(path(id)), RECORDING)));
  recordings
    .command('export')
    .description('write the lines of a recording to a file')
    .argument('<stationId>')
    .argument('<recordingId>')
    .argument('[file]', 'default: standard output')
    .addHelpText('after', example('voltlog recordings export CP-001 01990000-... visit.ndjson'))
    .action((id: string, recordingId: string, file: string | undefined) =>
      cli.run(async (client) => {
        await saved(await client.send('GET', `${path(id, recordingId)}/file`), file);
      }),
    );
  recordings
    .command('delete')
    .description('forget a recording')
    .argument('<stationId>')
    .argument('<recordingId>')
    .action((id: string, recordingId: string) => cli.run(async (client) => void (await client.call('DELETE', path(id, recordingId)))));
}

const path = (stationId: string, recordingId?: string): string =>
  `/v1/stations/${encodeURIComponent(stationId)}/recordings${recordingId === undefined ? '' : `/${encodeURIComponent(recordingId)}`}`;
