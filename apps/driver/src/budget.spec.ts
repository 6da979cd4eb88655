import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';

const DIST = fileURLToPath(new URL('../../../dist/driver', import.meta.url));
/** Bytes of script that a phone loads, packed: 2 s of slow 3G (400 kbit/s). */
const SCRIPT_BYTES_MAX = 100_000;
/** Bytes of everything else the first page needs, packed. */
const REST_BYTES_MAX = 10_000;

const packed = (name: string): number => gzipSync(readFileSync(join(DIST, name)), { level: 9 }).length;
const assets = (ending: string): string[] =>
  readdirSync(join(DIST, 'assets'))
    .filter((name) => name.endsWith(ending))
    .map((name) => `assets/${name}`);

describe('the built page', () => {
  beforeAll(() => {
    if (!existsSync(join(DIST, 'index.html'))) throw new Error('dist/driver is not built; run npm run build');
  });

  it('loads less script than the budget, whatever the language', () => {
    const sizes = assets('.js').map((name) => ({ name, bytes: packed(name) }));
    const entry = sizes.filter(({ name }) => readFileSync(join(DIST, 'index.html'), 'utf8').includes(name));
    const languages = sizes.filter((each) => !entry.includes(each));
    expect([entry.length, languages.length]).toEqual([1, 3]);
    const loaded = (entry[0]?.bytes ?? 0) + Math.max(...languages.map(({ bytes }) => bytes));
    expect(loaded).toBeLessThan(SCRIPT_BYTES_MAX);
  });

  it('needs little else', () => {
    expect(['index.html', ...assets('.css')].reduce((sum, name) => sum + packed(name), 0)).toBeLessThan(REST_BYTES_MAX);
  });

  it('has nothing inline that its content security policy would refuse, and nothing of elsewhere', () => {
    const html = readFileSync(join(DIST, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|https?:/);
    expect(
      assets('.css')
        .map((name) => readFileSync(join(DIST, name), 'utf8'))
        .join(''),
    ).not.toMatch(/url\(|@import/);
  });

  it('lies packed beside each file, so that the gateway sends it packed', () => {
    for (const name of ['index.html', ...assets('.js'), ...assets('.css')])
      expect([name, existsSync(join(DIST, `${name}.br`)), existsSync(join(DIST, `${name}.gz`))]).toEqual([name, true, true]);
  });
});
