import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { type Cli, example } from './cli.js';
import { type Client, type Json, query } from './client.js';
import { CliError, EXIT } from './errors.js';
import { textOf } from './files.js';
import type { Column, Output } from './output.js';
import { wholeNumber } from './words.js';

const IMAGE: readonly Column[] = [
  ['IMAGE', 'imageId'],
  ['VENDOR', 'vendor'],
  ['MODEL', 'model'],
  ['VERSION', 'version'],
  ['BYTES', 'sizeBytes'],
  ['SIGNED', 'signed'],
  ['SHA-256', 'sha256'],
  ['CREATED', 'createdAt'],
];

const PATH = '/v1/firmware-images';

export function addFirmware(program: Command, cli: Cli): void {
  const firmware = program.command('firmware').description('firmware images');
  firmware
    .command('add')
    .description('bring an image; its checksum is checked')
    .argument('<file>')
    .requiredOption('--vendor <name>', 'as stations say it when they boot')
    .option('--model <name>', 'only for this model')
    .requiredOption('--version <word>', 'as stations say it once they run the image')
    .option('--name <fileName>', 'how stations see the file; default: its own name')
    .addHelpText('after', example('voltlog firmware add acme-2.0.0.bin --vendor Acme --model "Wall 11" --version 2.0.0'))
    .action((file: string, options: { vendor: string; model?: string; version: string; name?: string }) =>
      cli.run(async (client, output) => output.one(await added(client, output, file, options), IMAGE)),
    );
  firmware
    .command('list')
    .description('images, newest first')
    .option('--limit <n>', 'at most so many', wholeNumber, 50)
    .action(({ limit }: { limit: number }) => cli.run((client, output) => output.list(client.rows(PATH, limit), IMAGE)));
  firmware
    .command('sign')
    .description("add the manufacturer's signature")
    .argument('<imageId>')
    .requiredOption('--signature <file>', 'base64')
    .requiredOption('--certificate <file>', 'the signing certificate, PEM')
    .action((imageId: string, options: { signature: string; certificate: string }) =>
      cli.run(async (client, output) => {
        const body = { signature: textOf(options.signature).trim(), signingCertificate: textOf(options.certificate) };
        output.one(await client.call('PUT', `${PATH}/${encodeURIComponent(imageId)}/signature`, body), IMAGE);
      }),
    );
  firmware
    .command('delete')
    .description('delete an image that no campaign needs')
    .argument('<imageId>')
    .action((imageId: string) =>
      cli.run(async (client, output) => {
        await client.send('DELETE', `${PATH}/${encodeURIComponent(imageId)}`);
        output.say(`${imageId} is deleted`);
      }),
    );
}

async function added(
  client: Client,
  output: Output,
  file: string,
  { vendor, model, version, name }: { vendor: string; model?: string; version: string; name?: string },
): Promise<Json> {
  const size = sizeOf(file);
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  const fileName = (name ?? basename(file)).replaceAll(/[^\w.-]/g, '_');
  const path = `${PATH}${query({ vendor, model, version, fileName, sha256: hash.digest('hex') })}`;
  const bytes = sent(file, (count) => output.progress(`${Math.floor((100 * count) / Math.max(1, size))} % of ${size} bytes`));
  const response = await client.send('POST', path, {
    body: Readable.toWeb(Readable.from(bytes)) as ReadableStream,
    headers: { 'content-type': 'application/octet-stream' },
    duplex: 'half',
  });
  return (await response.json()) as Json;
}

async function* sent(file: string, tell: (count: number) => void): AsyncGenerator<Buffer> {
  let count = 0;
  for await (const piece of createReadStream(file)) {
    count += (piece as Buffer).length;
    tell(count);
    yield piece as Buffer;
  }
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch (error) {
    throw new CliError(EXIT.usage, `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
