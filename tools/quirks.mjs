// Makes docs/reference/quirks.md from the catalogue of quirks.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { QUIRKS } from '../libs/connection/contract/src/quirks/catalogue.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NAMES = { 'ocpp1.6': '1.6', 'ocpp2.0.1': '2.0.1', 'ocpp2.1': '2.1' };

const patternOf = (pattern) =>
  Object.entries(pattern)
    .map(([name, regex]) => `${name} \`${regex}\``)
    .join(', ');
const sourceOf = (source) => (source.startsWith('https://') ? `[${source.slice('https://github.com/'.length)}](${source})` : source);

const sectionOf = ({ id, deviates, tolerance, versions, stations, kind, sources, example }) => `
## ${id}

${deviates} ${tolerance}

- OCPP ${versions.map((version) => NAMES[version]).join(', ')}
- On for: ${stations.length === 0 ? 'nobody, unless an operator says so' : stations.map(patternOf).join('; or ')}
- ${kind === 'violation' ? `Without it: \`${example.error}\`` : 'Without it: the message is well formed, and read as it stands'}
- Seen or said: ${sources.map(sourceOf).join(', ')}

\`\`\`json
[2, "1", "${example.action}", ${JSON.stringify(example.payload)}]
\`\`\`
`;

writeFileSync(
  join(root, 'docs/reference/quirks.md'),
  `# Quirks

Generated from \`libs/connection/contract/src/quirks/catalogue.ts\`. How to use them: [vendor quirks](../how-to/vendor-quirks.md).
Patterns are regular expressions without regard to case; all that a line names must fit.
${QUIRKS.map(sectionOf).join('')}`,
);
