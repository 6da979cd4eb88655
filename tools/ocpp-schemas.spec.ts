import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ERRATA, TOLERANCES } from './ocpp-schemas/errata.mjs';
import { readMessages } from './ocpp-schemas/schemas.mjs';
import { VERSIONS } from './ocpp-schemas/versions.mjs';
import { generateOcppSchemas } from './ocpp-schemas.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const sourceOf = (file: string) => `${root}/node_modules/ocpp-rpc/lib/schemas/${file}`;

describe('the OCPP validators', () => {
  it('are fresh: made by this tool from this package', async () => {
    expect(await generateOcppSchemas({ check: true })).toEqual([]);
  });

  it('are made again only when asked to', async () => {
    expect(await generateOcppSchemas()).toEqual([]);
    expect(await generateOcppSchemas({ check: true, force: true })).toHaveLength(VERSIONS.length);
  });

  it.each(VERSIONS.map(({ name, folder }) => [name, folder]))('%s need nothing at run time', (_, folder) => {
    const code = readFileSync(`${root}/libs/ocpp/${folder}/src/generated/validators.js`, 'utf8');
    expect(code).not.toMatch(/\brequire\(|\bimport\b/);
  });

  it('are not in the repository', () => {
    const tracked = execFileSync('git', ['ls-files', 'libs/ocpp/*/src/generated'], { cwd: root, encoding: 'utf8' });
    expect(tracked).toBe('');
  });

  it('are not made of a package with other schemas than expected', () => {
    for (const version of VERSIONS)
      expect(() => readMessages({ ...version, schemas: 1 }, sourceOf(version.source))).toThrow('expected 1 schemas');
  });

  it('an erratum that the package has caught up with fails, so that it gets removed', () => {
    const [patch] = ERRATA['ocpp2.0.1'] ?? [];
    const schema = (maxLength: number) => ({ properties: { exiResponse: { maxLength } } });
    expect(() => patch?.apply(schema(7500))).toThrow('erratum is obsolete');
    const old = schema(5600);
    patch?.apply(old);
    expect(old).toEqual(schema(7500));
  });

  it('each patch has a source', () => {
    for (const patch of [...Object.values(ERRATA), ...Object.values(TOLERANCES)].flat()) expect(patch.source).toMatch(/OCPP|ocpp/);
  });
});
