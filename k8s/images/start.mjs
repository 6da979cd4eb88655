// The image's entry: `docker run voltlog <service> [args]`.
import { existsSync, readdirSync } from 'node:fs';

const [service = 'voltlog', ...args] = process.argv.slice(2);
const main = new URL(`./dist/${service}/main.js`, import.meta.url);
if (!/^[a-z-]+$/.test(service) || !existsSync(main)) {
  const known = readdirSync(new URL('./dist/', import.meta.url)).filter((name) => name !== 'console' && name !== 'driver');
  process.stderr.write(`no service "${service}"; there are: ${known.join(', ')}\n`);
  process.exit(2);
}
process.argv = [process.argv[0], main.pathname, ...args];
await import(main);
