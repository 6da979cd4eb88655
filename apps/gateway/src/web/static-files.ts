import { createReadStream, existsSync, statSync } from 'node:fs';
import { extname, join, normalize, sep } from 'node:path';
import type { FastifyReply } from 'fastify';
import { notFound } from '../problems/problem.js';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** Where a file of a folder lies; `undefined` when it is not in there, whatever the name tries. */
export function fileIn(folder: string, name: string): string | undefined {
  const root = normalize(folder + sep);
  const path = normalize(join(root, name));
  if (name.includes('\0') || !path.startsWith(root)) return undefined;
  return existsSync(path) && statSync(path).isFile() ? path : undefined;
}

/**
 * Sends one file of a folder, packed when the build left it packed beside and the browser takes that. Names with a hash in them never change,
 * so browsers keep them for a year.
 */
export function sendFile(reply: FastifyReply, folder: string, name: string, acceptEncoding = ''): FastifyReply {
  const path = fileIn(folder, name);
  if (path === undefined) throw notFound(`/${name}`);
  const hashed = /-[\w-]{8,}\.(?:js|css|woff2|svg|png)$/.test(name);
  const packed = PACKINGS.find(({ encoding, ending }) => acceptsEncoding(acceptEncoding, encoding) && existsSync(path + ending));
  void reply
    .type(TYPES[extname(path)] ?? 'application/octet-stream')
    .header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache')
    .header('vary', 'accept-encoding');
  if (packed !== undefined) void reply.header('content-encoding', packed.encoding);
  return reply.send(createReadStream(path + (packed?.ending ?? '')));
}

/** Smallest first. */
const PACKINGS = [
  { encoding: 'br', ending: '.br' },
  { encoding: 'gzip', ending: '.gz' },
] as const;

/** Source: RFC 9110 §12.5.3; what is refused has `q=0`. */
function acceptsEncoding(header: string, encoding: string): boolean {
  return header.split(',').some((part) => {
    const [name, ...parameters] = part.split(';').map((each) => each.trim().toLowerCase());
    return name === encoding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}
