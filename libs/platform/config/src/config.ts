import { readFileSync } from 'node:fs';
import type { z } from 'zod';

/** Every wrong or missing variable of the environment, at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(`the configuration is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/**
 * The environment as one frozen, typed object. `X_FILE` gives the path of a file that holds the value of `X` (mounted secrets).
 *
 * @throws {ConfigError} naming every variable that is wrong; values are not shown, they may be secrets
 */
export function loadConfig<Config>(schema: z.ZodType<Config>, environment: Readonly<Record<string, string | undefined>>): Config {
  const { values, problems } = readFiles(environment);
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    problems.push(...parsed.error.issues.map((issue) => `${issue.path.join('.') || 'environment'}: ${issue.message}`));
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(parsed.data);
}

function readFiles(environment: Readonly<Record<string, string | undefined>>): { values: Record<string, string>; problems: string[] } {
  const values: Record<string, string> = {};
  const problems: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    // An empty variable is one that is not set: compose files and charts write them so.
    if (value === undefined || value === '') continue;
    values[name] = value;
  }
  for (const [name, path] of Object.entries(values)) {
    if (!name.endsWith('_FILE') || !path.startsWith('/')) continue;
    try {
      values[name.slice(0, -'_FILE'.length)] = readFileSync(path, 'utf8').trimEnd();
    } catch (error) {
      if (/^(OCPP|HTTP|GRPC|KAFKA|MONGO|GATEWAY|VOLTLOG|CONNECTION|DEVICE|AUTHORIZATION|SESSION|NOTIFICATION)_/.test(name)) {
        problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  return { values, problems };
}
