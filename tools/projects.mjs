// The one list of projects: folder, tags and import alias. `node tools/projects.mjs --write` writes every project.json and the
// paths in tsconfig.base.json from it; `--check` (in lint) fails when they differ.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** [folder, scope, type, alias without "@voltlog/"] */
export const projects = [
  ['libs/kernel', 'shared', 'kernel', 'kernel'],
  ['libs/proto', 'shared', 'protocol', 'proto'],
  ['libs/ocpp/rpc', 'shared', 'protocol', 'ocpp-rpc'],
  ['libs/ocpp/v16', 'shared', 'protocol', 'ocpp-v16'],
  ['libs/ocpp/v16-soap', 'shared', 'protocol', 'ocpp-v16-soap'],
  ['libs/ocpp/v201', 'shared', 'protocol', 'ocpp-v201'],
  ['libs/ocpp/v21', 'shared', 'protocol', 'ocpp-v21'],
  ['libs/iso15118', 'shared', 'protocol', 'iso15118'],
  ['libs/connection/contract', 'connection', 'contract', 'connection-contract'],
  ['libs/connection/translation', 'connection', 'translation', 'connection-translation'],
  ['libs/device/contract', 'device', 'contract', 'device-contract'],
  ['libs/device/domain', 'device', 'domain', 'device-domain'],
  ['libs/authorization/contract', 'authorization', 'contract', 'authorization-contract'],
  ['libs/authorization/domain', 'authorization', 'domain', 'authorization-domain'],
  ['libs/reservation/contract', 'reservation', 'contract', 'reservation-contract'],
  ['libs/reservation/domain', 'reservation', 'domain', 'reservation-domain'],
  ['libs/session/contract', 'session', 'contract', 'session-contract'],
  ['libs/session/domain', 'session', 'domain', 'session-domain'],
  ['libs/notification/contract', 'notification', 'contract', 'notification-contract'],
  ['libs/notification/domain', 'notification', 'domain', 'notification-domain'],
  ['libs/platform/sqlite', 'shared', 'platform', 'sqlite'],
  ['libs/platform/event-log', 'shared', 'platform', 'event-log'],
  ['libs/platform/store', 'shared', 'platform', 'store'],
  ['libs/platform/grpc', 'shared', 'platform', 'grpc'],
  ['libs/platform/telemetry', 'shared', 'platform', 'telemetry'],
  ['libs/platform/config', 'shared', 'platform', 'config'],
  ['libs/platform/outbound', 'shared', 'platform', 'outbound'],
  ['libs/platform/service', 'shared', 'platform', 'service'],
  ['libs/testing', 'shared', 'testing', 'testing'],
  ['apps/connection', 'connection', 'app', 'connection-app'],
  ['apps/device', 'device', 'app', 'device-app'],
  ['apps/authorization', 'authorization', 'app', 'authorization-app'],
  ['apps/reservation', 'reservation', 'app', 'reservation-app'],
  ['apps/session', 'session', 'app', 'session-app'],
  ['apps/notification', 'notification', 'app', 'notification-app'],
  ['apps/gateway', 'gateway', 'app', 'gateway-app'],
  ['apps/console', 'console', 'web', undefined],
  ['apps/driver', 'driver', 'web', undefined],
  ['apps/simulator', 'simulator', 'app', 'simulator-app'],
  ['apps/voltlog', 'voltlog', 'composition', undefined],
  ['apps/platform-e2e', 'shared', 'e2e', undefined],
];

const projectName = (folder) => folder.replace(/^(apps|libs)\//, '').replaceAll('/', '-');

/** Files this list determines: path -> text. */
function outputs() {
  const files = new Map();
  const paths = {};
  for (const [folder, scope, type, alias] of projects) {
    const name = (alias ?? projectName(folder)).replaceAll('/', '-');
    const project = {
      name,
      $schema: `${'../'.repeat(folder.split('/').length)}node_modules/nx/schemas/project-schema.json`,
      sourceRoot: `${folder}/src`,
      // Nx forbids importing an application; a service is also a part of the all-in-one `voltlog`, so it counts as a library.
      projectType: alias === undefined ? 'application' : 'library',
      tags: [`scope:${scope}`, `type:${type}`],
      targets: { lint: {}, test: {} },
    };
    files.set(join(folder, 'project.json'), `${JSON.stringify(project, null, 2)}\n`);
    if (alias) paths[`@voltlog/${alias}`] = [`./${folder}/src/index.ts`];
  }
  const base = JSON.parse(readFileSync(join(root, 'tsconfig.base.json'), 'utf8'));
  base.compilerOptions.paths = paths;
  files.set('tsconfig.base.json', `${JSON.stringify(base, null, 2)}\n`);
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const check = process.argv.includes('--check');
  const stale = [];
  for (const [path, text] of outputs()) {
    const full = join(root, path);
    if (existsSync(full) && readFileSync(full, 'utf8') === text) continue;
    if (check) stale.push(path);
    else {
      mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, text);
    }
  }
  if (stale.length > 0) {
    console.error(`stale project files (run: node tools/projects.mjs --write):\n  ${stale.join('\n  ')}`);
    process.exit(1);
  }
}
