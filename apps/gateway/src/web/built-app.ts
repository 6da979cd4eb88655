import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of a built web app: the one given, or the first there is, beside the bundle (`dist/<app>`) or of a source tree. */
export function builtApp(name: 'console' | 'driver', given: string): string | undefined {
  const here = dirname(fileURLToPath(import.meta.url));
  const candidates = given === '' ? [join(here, '..', name), join(here, '../../../../dist', name)] : [given];
  return candidates.find((folder) => existsSync(join(folder, 'index.html')));
}
