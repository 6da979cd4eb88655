import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Runs a program that the machine has to have.
 *
 * @param needs what a person would install, for when it is not there
 * @returns what it printed @throws when it is not there or failed, with what it printed
 */
export async function toolchain(
  needs: string,
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string | undefined>>; readonly timeout?: number } = {},
): Promise<string> {
  const { stdout } = await run(command, args, options).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new Error(`this spec needs ${needs} (\`${command}\` on the PATH); see apps/platform-e2e/README.md`);
    throw error;
  });
  return stdout;
}

/** The last line that a station printed, which says in JSON what it did. */
export const lastLine = <Result>(stdout: string): Result => JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Result;

/** Ms that a station may take for all it does; it waits for commands itself. */
export const STATION_MS = 100_000;
