#!/usr/bin/env node
// `npx voltlog`: the command line of Voltlog, from a fresh clone too. The launcher installs, builds and hands on.
process.argv.splice(2, 0, 'run');
await import('./launcher.mjs');
