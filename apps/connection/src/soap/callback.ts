import type { Addressing } from '@voltlog/ocpp-v16-soap';
import ipaddr from 'ipaddr.js';

/** Which addresses of stations may be called. */
export type CallbackPolicy = (host: string, remoteAddress: string) => boolean;

/**
 * A station says where it can be called, and could name any address that this side reaches. Without a list that is only the one its
 * request came from, and no link-local one, where clouds keep what they tell their machines; with one, whatever is in it. Names are compared as names.
 *
 * @param list hosts and networks (CIDR), comma-separated; `*`: any; empty: the sender's own address
 * @throws {Error} for what is neither
 */
export function callbackPolicy(list: string): CallbackPolicy {
  const entries = list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  if (entries.length === 0) return (host, remoteAddress) => sameAddress(host, remoteAddress) && !isLinkLocal(host);
  const rules = entries.map(ruleOf);
  return (host) => rules.some((rule) => rule(host));
}

function ruleOf(entry: string): (host: string) => boolean {
  if (entry === '*') return () => true;
  if (entry.includes('/')) {
    const network = ipaddr.parseCIDR(entry);
    return (host) => {
      const address = addressOf(host);
      return address !== undefined && address.kind() === network[0].kind() && address.match(network);
    };
  }
  return addressOf(entry) === undefined ? (host) => host === entry.toLowerCase() : (host) => sameAddress(host, entry);
}

function sameAddress(one: string, other: string): boolean {
  const address = addressOf(one);
  return address !== undefined && address.toString() === addressOf(other)?.toString();
}

const isLinkLocal = (host: string): boolean => addressOf(host)?.range() === 'linkLocal';

/** An IPv4 address within IPv6 is one of IPv4. */
function addressOf(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined;
}

/** Where a station can be called, or why it cannot. */
export type Callback = { readonly url: string } | { readonly unusable: string };

/** @returns the address of `From`, else of `ReplyTo` */
export function callbackOf({ from, replyTo }: Addressing, remoteAddress: string, allowed: CallbackPolicy): Callback {
  const said = from ?? replyTo;
  if (said === undefined) return { unusable: 'the station told no address (its From header is missing or anonymous)' };
  const url = URL.parse(said);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return { unusable: 'the address that the station told is no http or https URL' };
  if (url.username !== '' || url.password !== '') return { unusable: 'the address that the station told carries credentials' };
  if (!allowed(url.hostname.toLowerCase(), remoteAddress))
    return {
      unusable: `the station told the address ${url.host}, which is link-local or not its own, and not in OCPP_SOAP_CALLBACK_HOSTS`,
    };
  // As it was said: a station may take only what names its address so.
  return { url: said };
}
