/** Brings `node:sqlite` as it is used here. */
const NODE_MAJOR = 24;

/** Why the platform does not start on this Node, and what to do; undefined: it does. @param version as `process.versions.node` has it */
export function nodeProblem(version: string): string | undefined {
  if (Number(version.split('.')[0]) >= NODE_MAJOR) return undefined;
  return `Voltlog runs on Node ${NODE_MAJOR} or later, and this is ${version}. In a clone \`npm start\` and \`npx voltlog start\` bring a Node of their own.`;
}
