import { CliError, EXIT } from './errors.js';

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `30m`, `12h` or `7d` from now, or an instant, as ISO 8601. @throws {CliError} */
export function until(text: string, nowMs: number): string {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) return new Date(nowMs + Number(amount) * (UNITS[unit] ?? 0)).toISOString();
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw new CliError(EXIT.usage, `${text} is neither an instant (2026-12-01T08:00:00Z) nor a time from now (90s, 30m, 12h, 7d)`);
  return new Date(ms).toISOString();
}

/**
 * The body of a command: `--body` as JSON, or words like `type=Immediate`, whose values are JSON where they can be.
 *
 * @throws {CliError}
 */
export function bodyOf(words: readonly string[], json: string | undefined): Record<string, unknown> {
  if (json !== undefined) {
    if (words.length > 0) throw new CliError(EXIT.usage, 'give the body either by --body or by words like type=Immediate');
    return object(json);
  }
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at < 1) throw new CliError(EXIT.usage, `${word} is not of the form name=value`);
      return [word.slice(0, at), valueOf(word.slice(at + 1))];
    }),
  );
}

function object(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // It is refused below.
  }
  throw new CliError(EXIT.usage, '--body is not a JSON object');
}

/** JSON where it can be, else the text. */
export function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `a,b` and repeated options alike. */
export const words = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(',').filter((word) => word !== ''),
];

/** @throws {CliError} */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new CliError(EXIT.usage, `${text} is not a whole number`);
  return Number(text);
}
