/** Nobody can say whether a certificate is revoked, or not so that it can be believed. The text says why, in plain words. */
export class RevocationUnknown extends Error {
  override readonly name = 'RevocationUnknown';

  /** @param what nobody has; what went wrong on the way is told without addresses: they would tell of our own network */
  static of(what: string, error: unknown): RevocationUnknown {
    return error instanceof RevocationUnknown ? error : new RevocationUnknown(`${what}: ${wordsOf(error)}`, { cause: error });
  }
}

const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
};
