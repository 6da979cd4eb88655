export { type Given, given, type Then } from './decider-spec.js';
