import type { FastifyRequest } from 'fastify';

/**
 * Whose address counts: the peer's, or with `proxies` of our own in front the one that the outermost of them saw. Entries further left are
 * the client's own words.
 *
 * Source: RFC 7239 §5.2, as `X-Forwarded-For` is used.
 */
export function clientAddress(request: Pick<FastifyRequest, 'ip' | 'headers'>, proxies: number): string {
  const header = request.headers['x-forwarded-for'];
  if (proxies === 0 || header === undefined) return networkOf(request.ip);
  const hops = String(header)
    .split(',')
    .map((hop) => hop.trim());
  return networkOf(hops[Math.max(0, hops.length - proxies)] ?? request.ip);
}

/** Whoever has one IPv6 address has 2^64 of them; they count as one (RFC 6177 §2). */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::');
  const left = head.split(':').filter((part) => part !== '');
  const right = tail === undefined ? [] : tail.split(':').filter((part) => part !== '');
  const whole =
    tail === undefined ? left : [...left, ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0'), ...right];
  return `${whole.slice(0, 4).join(':')}::/64`;
}
