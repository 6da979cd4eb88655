import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { CommandOutcome } from './dialect.js';
import type { Way, WayFinder } from './link.js';
import { numberAt, type Payload, textAt } from './protocol.js';

/** Connections refused on a new security profile after which the station goes back to the old one. Source: OCPP 2.0.1 Part 2 B10. */
const REFUSALS_MAX = 3;
const PASSWORD_LENGTH_MIN = 16;

export type SecurityProfile = 0 | 1 | 2 | 3;

/** How a station is secured when it is switched on. */
export interface SecurityOptions {
  readonly profile: SecurityProfile;
  /** Where the CSMS listens for each profile, other than the station's own. */
  readonly urls?: Readonly<Partial<Record<SecurityProfile, string>>>;
  /** Roots the CSMS's certificate is checked against, PEM. */
  readonly ca?: string;
  /** The station's certificate and key, PEM. */
  readonly certificate?: string;
  readonly key?: string;
  /** O of its certificate requests. Default: Voltlog. */
  readonly organization?: string;
}

/** Password, certificates and security profile of a station, and what the CSMS changes about them. */
export class StationSecurity implements WayFinder {
  profile: SecurityProfile;
  certificate: string | undefined;
  private key: string | undefined;
  /** Of a request that is under way. */
  private pendingKey: string | undefined;
  private readonly roots: string[] = [];
  private readonly urls: Map<SecurityProfile, readonly [string, ...string[]]>;
  /** 2.x: network profiles by slot. */
  private readonly slots = new Map<number, { readonly profile: SecurityProfile; readonly url: string }>();
  /** What to go back to when the new one does not work. */
  private previous: { readonly profile: SecurityProfile; readonly url: string | undefined } | undefined;
  /** Another CSMS that it was sent to; undefined: where it was made to go. */
  private elsewhere: string | undefined;
  /** Connections refused in a row. */
  refusals = 0;

  constructor(
    private readonly stationId: string,
    url: readonly [string, ...string[]],
    private password: string | undefined,
    private readonly options: SecurityOptions,
  ) {
    this.profile = options.profile;
    this.certificate = options.certificate;
    this.key = options.key;
    if (options.ca !== undefined) this.roots.push(options.ca);
    this.urls = new Map([[options.profile, url]]);
    for (const profile of [0, 1, 2, 3] as const) {
      const other = options.urls?.[profile];
      if (other !== undefined) this.urls.set(profile, [other]);
    }
  }

  way(): Way {
    const home = this.urls.get(this.profile) ?? [...this.urls.values()][0] ?? [''];
    const urls = this.elsewhere === undefined ? home : [this.elsewhere];
    const { certificate, key } = this;
    return {
      urls: urls as Way['urls'],
      password: this.profile === 1 || this.profile === 2 ? this.password : undefined,
      tls: {
        ...(this.roots.length === 0 ? {} : { ca: this.roots }),
        ...(this.profile === 3 && certificate !== undefined && key !== undefined ? { cert: certificate, key } : {}),
      },
    };
  }

  opened(): void {
    this.refusals = 0;
    this.previous = undefined;
  }

  refused(): void {
    this.refusals += 1;
    if (this.previous === undefined || this.refusals < REFUSALS_MAX) return;
    this.profile = this.previous.profile;
    this.elsewhere = this.previous.url;
    this.previous = undefined;
  }

  /** The station goes on with another profile from its next connection on, and back when that does not work. */
  switchTo(profile: SecurityProfile): boolean {
    if (!this.urls.has(profile) || (profile === 3 && this.certificate === undefined)) return false;
    if (profile !== this.profile) this.previous = { profile: this.profile, url: this.elsewhere };
    this.refusals = 0;
    this.profile = profile;
    return true;
  }

  /** From its next connection on with another CSMS, and back when that refuses it; empty or its own address: where it was made to go. */
  goTo(url: string): boolean {
    if (url !== '' && !/^wss?:\/\/[^/]/.test(url)) return false;
    const next = url === '' || this.urls.get(this.profile)?.includes(url) === true ? undefined : url;
    if (next === this.elsewhere) return true;
    this.previous = { profile: this.profile, url: this.elsewhere };
    this.refusals = 0;
    this.elsewhere = next;
    return true;
  }

  setPassword(password: string): boolean {
    if (password.length < PASSWORD_LENGTH_MIN) return false;
    this.password = password;
    return true;
  }

  /** OCPP 2.0.1 Part 2 B09 */
  setNetworkProfile(payload: Payload): CommandOutcome {
    const slot = numberAt(payload, 'configurationSlot') ?? 0;
    const profile = profileOf(`${numberAt(payload, 'connectionData', 'securityProfile')}`);
    const url = textAt(payload, 'connectionData', 'ocppCsmsUrl') ?? '';
    if (profile === undefined || slot < 1 || !/^wss?:\/\//.test(url)) return status('Rejected');
    this.slots.set(slot, { profile, url });
    return status('Accepted');
  }

  /** OCPP 2.0.1 Part 2 B10: the first slot counts from the next start on; a slot nobody wrote is where the station was made to go. */
  prioritize(priority: string): boolean {
    const first = this.slots.get(Number(priority.split(',')[0]));
    if (first === undefined) return this.goTo('');
    // On its own profile it is another CSMS; on another profile the same one, as it listens for that.
    if (first.profile === this.profile) return this.goTo(first.url);
    this.urls.set(first.profile, [first.url]);
    return this.switchTo(first.profile);
  }

  /** OCPP 2.0.1 Part 2 M05 */
  installRoot(payload: Payload): CommandOutcome {
    const pem = textAt(payload, 'certificate') ?? '';
    try {
      if (!new X509Certificate(pem).ca) return status('Rejected');
    } catch {
      return status('Rejected');
    }
    this.roots.push(pem);
    return status('Accepted');
  }

  /** OCPP 2.0.1 Part 2 A02.FR.06: only a certificate of the key that was asked for. */
  install(payload: Payload): CommandOutcome {
    const chain = textAt(payload, 'certificateChain') ?? '';
    const key = this.pendingKey;
    try {
      if (key === undefined || !new X509Certificate(chain).checkPrivateKey(createPrivateKey(key))) return status('Rejected');
    } catch {
      return status('Rejected');
    }
    this.certificate = chain;
    this.key = key;
    this.pendingKey = undefined;
    return status('Accepted');
  }

  /** A CSR of a new key, PEM. */
  async request(): Promise<string> {
    const { key, csr } = await newKeyAndRequest([{ CN: [this.stationId] }, { O: [this.options.organization ?? 'Voltlog'] }]);
    this.pendingKey = key;
    return csr;
  }
}

/** A new P-256 key with a CSR for it, both PEM. */
export async function newKeyAndRequest(name: readonly Record<string, string[]>[]): Promise<{ readonly key: string; readonly csr: string }> {
  // Only who asks for a certificate needs it.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({ name: [...name], keys, signingAlgorithm: algorithm });
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const key = `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{1,64}/g, '$&\n')}-----END PRIVATE KEY-----\n`;
  return { key, csr: csr.toString('pem') };
}

export function profileOf(text: string): SecurityProfile | undefined {
  switch (text) {
    case '0':
      return 0;
    case '1':
      return 1;
    case '2':
      return 2;
    case '3':
      return 3;
    default:
      return undefined;
  }
}

const status = (word: string): CommandOutcome => ({ answer: { payload: { status: word } } });
