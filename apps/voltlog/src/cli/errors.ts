/** How a command of the command line ends; scripts decide by it. */
export const EXIT = {
  ok: 0,
  /** The platform said no, or a job ended with failures. */
  failed: 1,
  usage: 2,
  /** No valid key, or its role is too small. */
  access: 3,
  notFound: 4,
  /** The API cannot be reached, or something behind it is away. Trying again may help. */
  unavailable: 5,
} as const;

/** An error that says itself what to do. */
export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    readonly exitCode: number,
    message: string,
  ) {
    super(message);
  }
}
