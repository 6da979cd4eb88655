import { lookup as systemLookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';

/** The target is at an address that nobody outside may make us call. The address is not named: it would tell of our own network. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused';
}

/** Cloud machines answer here with their secrets, though the address is a public one (Azure). Others' are link-local or unique local. */
const METADATA = new Set(['168.63.129.16']);
/** ::/96, where an IPv4 address may hide in an IPv6 one that is not called so. Source: RFC 4291 §2.5.5.1. */
const IPV4_COMPATIBLE = ipaddr.IPv6.parseCIDR('::/96');

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Every address of a name. */
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** As the system resolves it. */
export const resolveBySystem: Resolve = async (hostname) =>
  (await systemLookup(hostname, { all: true, verbatim: true })).map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));

/**
 * True for an address on the public internet: no private, loopback, link-local, shared (CGNAT), multicast, documentation or otherwise reserved
 * one, no cloud's metadata service, and no IPv6 form that leads to an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo).
 *
 * Source: IANA special-purpose address registries (RFC 6890), OWASP SSRF prevention.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (METADATA.has(parsed.toString())) return false;
  if (parsed instanceof ipaddr.IPv6 && parsed.match(IPV4_COMPATIBLE)) return false;
  return parsed.range() === 'unicast';
}

/** The host of a URL without the brackets of IPv6. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

/**
 * The addresses that may be called for a URL. One of them that is not public refuses all: a name that leads to both is set up to deceive.
 *
 * @throws {TargetRefused}; what the resolver throws
 */
export async function guardedAddresses(url: URL, allowPrivate: boolean, resolve: Resolve): Promise<readonly ResolvedAddress[]> {
  const host = hostOf(url);
  const addresses: readonly ResolvedAddress[] = ipaddr.isValid(host)
    ? [{ address: host, family: ipaddr.parse(host).kind() === 'ipv6' ? 6 : 4 }]
    : await resolve(host);
  if (!allowPrivate && !addresses.every(({ address }) => isPublicAddress(address)))
    throw new TargetRefused('the target is not at a public address');
  return addresses;
}

/** What is wrong with a URL as a target, or nothing. */
export function targetProblem(target: string, allowPrivate: boolean, allowHttp = allowPrivate): string | undefined {
  const url = URL.parse(target);
  if (url === null) return 'is not a URL';
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) return 'must begin with https://';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
  if (url.hash !== '') return 'must not hold a fragment';
  const host = hostOf(url);
  const isLocal = ipaddr.isValid(host) ? !isPublicAddress(host) : /(^|\.)(localhost|local|internal|localdomain)\.?$/i.test(host);
  return isLocal && !allowPrivate ? 'is not at a public address' : undefined;
}
