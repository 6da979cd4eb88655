import { expect, it } from 'vitest';
import { nodeProblem } from './node-version.js';

it.each(['18.20.4', '20.20.2', '23.11.1'])('Node %s is told to be too old, and what to do', (version) => {
  expect(nodeProblem(version)).toMatch(new RegExp(`Node 24 or later, and this is ${version}. .*npm start`));
});

it.each(['24.0.0', '25.1.0', process.versions.node])('Node %s is good', (version) => {
  expect(nodeProblem(version)).toBeUndefined();
});
