// Makes, from the official OCPP JSON schemas in the npm package `ocpp-rpc`, what libs/ocpp/{v16,v201,v21} need and the repository
// may not hold (the schemas are CC BY-ND): compiled validators and TypeScript types, in `libs/ocpp/<version>/src/generated/`.
//
//   node tools/ocpp-schemas.mjs            makes what is missing or stale; no work (and no ajv loaded) when fresh
//   node tools/ocpp-schemas.mjs --force    makes all
//   node tools/ocpp-schemas.mjs --check    exit code 1 when something is missing or stale
//
// Needs Node 18 or newer and an installed node_modules.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const require = createRequire(import.meta.url);
const OUTPUTS = ['validators.js', 'validators.d.ts', 'messages.ts'];
/** Of the version whose words the API has. */
const API_OUTPUTS = ['request-schemas.js', 'request-schemas.d.ts'];
/** Every file whose change must make the output anew. */
const TOOL_FILES = [
  '../ocpp-schemas.mjs',
  'versions.mjs',
  'errata.mjs',
  'schemas.mjs',
  'types.mjs',
  'validators.mjs',
  'commands.mjs',
  'runtime.mjs',
  'soap-shapes.mjs',
];

/**
 * @param {{ force?: boolean, check?: boolean, log?: (line: string) => void }} [options]
 * @returns {Promise<string[]>} folders that were made (with `check`: that are stale)
 */
export async function generateOcppSchemas(options = {}) {
  const { force = false, check = false, log = () => {} } = options;
  const { VERSIONS } = await import('./ocpp-schemas/versions.mjs');
  const stamp = stampOf();
  const stale = VERSIONS.filter((version) => force || !isFresh(version, stamp));
  if (check || stale.length === 0) return stale.map(folderOf);
  const [{ readMessages }, { emitTypes }, { emitValidators }, { emitRequestSchemas }, { emitShapes }] = await Promise.all([
    import('./ocpp-schemas/schemas.mjs'),
    import('./ocpp-schemas/types.mjs'),
    import('./ocpp-schemas/validators.mjs'),
    import('./ocpp-schemas/commands.mjs'),
    import('./ocpp-schemas/soap-shapes.mjs'),
  ]);
  for (const version of stale) {
    const startedAt = Date.now();
    const packaged = join(packageFolder('ocpp-rpc'), 'lib/schemas');
    const model = readMessages(version, join(packaged, version.source));
    const files = { 'messages.ts': emitTypes(model), ...emitValidators(model), ...(ofApi(version) ? emitRequestSchemas(packaged) : {}) };
    const folder = folderOf(version);
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) replaceFile(join(folder, name), text);
    if (version.soap !== undefined) {
      mkdirSync(dirname(shapesOf(version)), { recursive: true });
      replaceFile(shapesOf(version), emitShapes(model));
    }
    replaceFile(join(folder, '.stamp'), stamp);
    log(
      `${relative(root, folder)}: ${model.messages.length} messages, ${model.definitions.size} shared types, ${Date.now() - startedAt} ms`,
    );
  }
  return stale.map(folderOf);
}

const ofApi = ({ name }) => name === 'ocpp2.1';
const folderOf = (version) => join(root, 'libs/ocpp', version.folder, 'src/generated');
const shapesOf = (version) => join(root, 'libs/ocpp', version.soap, 'src/generated/shapes.ts');

function packageFolder(name) {
  return dirname(require.resolve(`${name}/package.json`));
}

function stampOf() {
  const hash = createHash('sha256');
  for (const name of ['ocpp-rpc', 'ajv']) hash.update(JSON.parse(readFileSync(join(packageFolder(name), 'package.json'), 'utf8')).version);
  for (const file of TOOL_FILES) hash.update(readFileSync(join(here, 'ocpp-schemas', file)));
  return hash.digest('hex');
}

function isFresh(version, stamp) {
  const folder = folderOf(version);
  try {
    for (const name of ofApi(version) ? [...OUTPUTS, ...API_OUTPUTS] : OUTPUTS) readFileSync(join(folder, name));
    if (version.soap !== undefined) readFileSync(shapesOf(version));
    return readFileSync(join(folder, '.stamp'), 'utf8') === stamp;
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

/** Two builds may run at once: a reader sees the old file or the new one, never half of it. */
function replaceFile(path, text) {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const check = process.argv.includes('--check');
  const startedAt = Date.now();
  const folders = await generateOcppSchemas({ check, force: process.argv.includes('--force'), log: (line) => console.log(line) });
  if (folders.length === 0) console.log('OCPP validators and types are fresh');
  else if (check) {
    console.error(`stale (run: node tools/ocpp-schemas.mjs):\n  ${folders.map((folder) => relative(root, folder)).join('\n  ')}`);
    process.exit(1);
  } else console.log(`OCPP validators and types made in ${Date.now() - startedAt} ms`);
}
