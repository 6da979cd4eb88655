// Makes docs/reference/configuration.md from the services' config.ts: each variable, its default and what its comment says.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = [
  ['Every service', 'libs/platform/service/src/platform-config.ts'],
  ...['connection', 'device', 'authorization', 'session', 'reservation', 'notification', 'gateway'].map((service) => [
    service,
    `apps/${service}/src/config.ts`,
  ]),
];

/** The properties of every zod object in a file whose names look like environment variables. */
function variables(path) {
  const source = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && /^[A-Z][A-Z0-9_]+$/.test(node.name.text)) {
      found.push({ name: node.name.text, ...describe(node, source) });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function describe(node, source) {
  const text = node.initializer.getText(source);
  const fallback = /\.default\(([^()]*(?:\([^()]*\))*[^()]*)\)/.exec(text)?.[1] ?? /^(?:port|address|positive)\(([^)]*)\)$/.exec(text)?.[1];
  const values = /z\s*\.enum\(\[([^\]]*)\]/.exec(text)?.[1];
  const comment = (ts.getJSDocCommentsAndTags(node)[0]?.comment ?? '').toString().replace(/\s+/g, ' ');
  const words = values === undefined ? '' : `One of ${values.replaceAll("'", '`')}. `;
  return { fallback: fallback?.replaceAll("'", '').replaceAll('_', ''), text: `${words}${comment}` };
}

const clean = (text) => text.replaceAll('|', '\\|');
const section = ([title, path]) => {
  const rows = variables(path).map(
    ({ name, fallback, text }) => `| \`${name}\` | ${fallback ? `\`${clean(fallback)}\`` : ''} | ${clean(text)} |`,
  );
  return `## ${title}\n\n| Variable | Default | |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
};

mkdirSync(join(root, 'docs/reference'), { recursive: true });
writeFileSync(
  join(root, 'docs/reference/configuration.md'),
  `# Configuration

Made from the services' \`config.ts\` by \`npm run generate\`; do not edit. Everything is an environment variable. A process that is told something wrong
names every wrong variable at once and ends. \`X_FILE\` names a file that holds the value of \`X\`, for mounted secrets. An empty variable is one that is not set.

\`npm start\` takes the same variables and some flags: \`npm start -- --help\`. It needs neither Kafka nor MongoDB, so \`KAFKA_BROKERS\`, \`MONGO_URL\` and
the \`*_GRPC\` addresses mean nothing to it.

${sources.map(section).join('\n')}`,
);
