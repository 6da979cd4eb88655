import { RequestError } from '@voltlog/kernel';
import type { Projection, ReplayContext, ServiceDefinition } from './service.js';

/** Progress is told at most this often, ms. */
const TELL_EVERY_MS = 1_000;

interface Owned {
  readonly service: string;
  readonly name: string;
  readonly projection: Projection;
}

/** Every read model of the services that can be rebuilt. */
export const projectionsOf = (services: readonly Pick<ServiceDefinition, 'name' | 'projections'>[]): readonly Owned[] =>
  services.flatMap(({ name: service, projections = {} }) =>
    Object.entries(projections).map(([name, projection]) => ({ service, name, projection })),
  );

/** One line for each read model, for a person. */
export function listProjections(services: readonly Pick<ServiceDefinition, 'name' | 'projections'>[]): string {
  const all = projectionsOf(services);
  const width = Math.max(0, ...all.map(({ name }) => name.length));
  return all.map(({ service, name, projection }) => `${name.padEnd(width)}  ${projection.about} (${service})\n`).join('');
}

/** @throws {RequestError} `NOT_FOUND` with the names there are */
export function findProjection(services: readonly Pick<ServiceDefinition, 'name' | 'projections'>[], name: string): Owned {
  const all = projectionsOf(services);
  const found = all.find((each) => each.name === name);
  if (found !== undefined) return found;
  const names = all.map((each) => each.name).join(', ');
  throw new RequestError(
    'NOT_FOUND',
    `there is no projection ${JSON.stringify(name)}; there ${names === '' ? 'is none' : `are ${names}`}`,
    'NoProjection',
  );
}

/** Rebuilds one read model and tells how far it is. */
export async function replay({ name, projection }: Owned, context: ReplayContext, write: (text: string) => void): Promise<void> {
  const began = performance.now();
  let told = began;
  const done = await projection.rebuild(context, (count) => {
    const now = performance.now();
    if (now - told < TELL_EVERY_MS) return;
    told = now;
    write(`${name}: ${count} ${projection.from} replayed\n`);
  });
  write(`${name}: rebuilt from ${done} ${projection.from} in ${((performance.now() - began) / 1_000).toFixed(1)} s\n`);
}
