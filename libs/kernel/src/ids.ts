/** Makes event ids. The rim owns one; the domain is given ids. */
export interface IdSource {
  /** UUIDv7 (RFC 9562 §5.7), rising within one source. */
  next(): string;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * UUIDv7s that rise within a process: 48 bits of milliseconds, a 12-bit counter, 62 random bits.
 *
 * @param now milliseconds since the Unix epoch
 * @param randomFill fills a buffer with random bytes (node:crypto `randomFillSync`)
 */
export function uuidV7Source(now: () => number, randomFill: (buffer: Uint8Array) => unknown): IdSource {
  const pool = new Uint8Array(4096);
  let used = pool.length;
  let lastMs = 0;
  let counter = 0;
  return {
    next() {
      let ms = now();
      if (ms > lastMs) {
        lastMs = ms;
        counter = 0;
      } else {
        counter += 1;
        if (counter > 0xfff) {
          lastMs += 1;
          counter = 0;
        }
        ms = lastMs;
      }
      if (used + 8 > pool.length) {
        randomFill(pool);
        used = 0;
      }
      const r = used;
      used += 8;
      const high = Math.floor(ms / 0x10000);
      const low = ms & 0xffff;
      return (
        hex(high >>> 24) +
        hex(high >>> 16) +
        hex(high >>> 8) +
        hex(high) +
        '-' +
        hex(low >>> 8) +
        hex(low) +
        '-' +
        hex(0x70 | (counter >>> 8)) +
        hex(counter) +
        '-' +
        hex(0x80 | ((pool[r] ?? 0) & 0x3f)) +
        hex(pool[r + 1] ?? 0) +
        '-' +
        hex(pool[r + 2] ?? 0) +
        hex(pool[r + 3] ?? 0) +
        hex(pool[r + 4] ?? 0) +
        hex(pool[r + 5] ?? 0) +
        hex(pool[r + 6] ?? 0) +
        hex(pool[r + 7] ?? 0)
      );
    },
  };
}

const hex = (byte: number): string => HEX[byte & 0xff] as string;
