import { createHash, randomBytes } from 'node:crypto';

/** Best first. The variants that end in `-sess` are asked for by nobody who does not offer these. */
const ALGORITHMS = ['SHA-256', 'MD5'] as const;
/** A scheme with what belongs to it, up to the next scheme. */
const CHALLENGE = /(?:^|,)\s*([\w-]+)\s+((?:[\w-]+\s*=\s*(?:"(?:\\.|[^"\\])*"|[^\s,"]*)\s*(?:,\s*(?=[\w-]+\s*=)|(?=,|$)))+)/g;
const PARAMETER = /([\w-]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s,"]*))/g;

/** What a station wants to be shown, as it asked for it. */
export interface Challenge {
  readonly algorithm: (typeof ALGORITHMS)[number];
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  /** `auth`. Without it, it is asked for as in RFC 2069. */
  readonly qop: boolean;
  /** What was shown is right but for its nonce. */
  readonly stale?: true;
}

export interface DigestOf {
  readonly username: string;
  readonly password: string;
  readonly method: string;
  /** Path and query. */
  readonly uri: string;
}

/** How often a nonce was shown, and a random word of ours. */
interface Use {
  readonly count: number;
  readonly cnonce: string;
}

/** The best challenge of a `WWW-Authenticate` header that can be met; undefined: it asks for nothing of the kind. Source: RFC 7616 §3.3 */
export function readChallenge(header = ''): Challenge | undefined {
  const found = [...header.matchAll(CHALLENGE)].flatMap(([, scheme = '', text = '']): Challenge[] => {
    const told = parametersOf(text);
    const algorithm = ALGORITHMS.find((each) => each === (told.get('algorithm') ?? 'MD5').toUpperCase());
    const [realm, nonce, qop] = ['realm', 'nonce', 'qop'].map((name) => told.get(name));
    const words = qop?.toLowerCase().split(/[\s,]+/);
    if (scheme.toLowerCase() !== 'digest' || algorithm === undefined || realm === undefined || !nonce) return [];
    if (words !== undefined && !words.includes('auth')) return [];
    const stale = told.get('stale')?.toLowerCase() === 'true' ? ({ stale: true } as const) : {};
    return [{ algorithm, realm, nonce, opaque: told.get('opaque'), qop: words !== undefined, ...stale }];
  });
  return ALGORITHMS.flatMap((algorithm) => found.filter((each) => each.algorithm === algorithm))[0];
}

const parametersOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    [...text.matchAll(PARAMETER)].map(([, name = '', quoted, bare = '']) => [name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare]),
  );

/** The `Authorization` of a request. Source: RFC 7616 §3.4; where the challenge has no qop RFC 2069 §2.1.2 */
export function digestOf({ algorithm, realm, nonce, opaque, qop }: Challenge, of: DigestOf, { count, cnonce }: Use): string {
  const hash = (...parts: readonly (string | Buffer)[]): string => {
    const made = createHash(algorithm === 'MD5' ? 'md5' : 'sha256');
    for (const part of parts) made.update(part);
    return made.digest('hex');
  };
  // Headers are read as Latin-1; what is hashed are the bytes that the station sent.
  const secret = hash(`${of.username}:`, Buffer.from(realm, 'latin1'), `:${of.password}`);
  const asked = hash(`${of.method}:${of.uri}`);
  const uses = count.toString(16).padStart(8, '0');
  const response = hash(`${secret}:`, Buffer.from(nonce, 'latin1'), qop ? `:${uses}:${cnonce}:auth:${asked}` : `:${asked}`);
  return `Digest ${[
    nameOf(of.username),
    `realm=${quoted(realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(of.uri)}`,
    `algorithm=${algorithm}`,
    `response="${response}"`,
    ...(qop ? ['qop=auth', `nc=${uses}`, `cnonce="${cnonce}"`] : []),
    ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
  ].join(', ')}`;
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
/** Source: RFC 7616 §3.4, RFC 5987 §3.2 */
const nameOf = (username: string): string =>
  /^[\x20-\x7e]*$/.test(username)
    ? `username=${quoted(username)}`
    : `username*=UTF-8''${encodeURIComponent(username).replace(/['()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)}`;

/** Keeps what a station asked for, so that not each call is refused first. */
export class DigestCalls {
  private challenge: Challenge | undefined;
  private uses = 0;

  /** undefined: it has not asked yet. */
  known(of: DigestOf): string | undefined {
    if (this.challenge === undefined) return undefined;
    return digestOf(this.challenge, of, { count: ++this.uses, cnonce: randomBytes(16).toString('hex') });
  }

  /**
   * It said 401.
   *
   * @param shown what it was shown
   * @returns what it asks for; undefined: that can not be met, or it was just met
   */
  asked(header: string | undefined, of: DigestOf, shown = ''): string | undefined {
    const challenge = readChallenge(header);
    // A count that was shown with a nonce is not to be shown again.
    if (challenge?.nonce !== this.challenge?.nonce) this.uses = 0;
    this.challenge = challenge;
    const isMet = challenge !== undefined && challenge.stale !== true && shown.includes(` nonce=${quoted(challenge.nonce)}`);
    return isMet ? undefined : this.known(of);
  }
}
