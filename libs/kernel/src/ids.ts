/** Makes event ids. The rim owns one; the domain is given ids. */
export interface IdSource {
  /** UUIDv7 (RFC 9562 §5.7), rising within one source. */
  next(): string;
}

const DIGITS: readonly number[] = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

/**
 * UUIDv7s that rise within a process: 48 bits of milliseconds, a 12-bit counter, 62 random bits.
 *
 * @param now milliseconds since the Unix epoch
 * @param randomFill fills a buffer with random bytes (node:crypto `randomFillSync`)
 */
export function uuidV7Source(now: () => number, randomFill: (buffer: Uint8Array) => unknown): IdSource {
  // The text is written here and made in one piece: joined of its parts it costs nine times the garbage.
  const codes = Array.from('00000000-0000-7000-8000-000000000000', (digit) => digit.charCodeAt(0));
  const write = (at: number, byte: number): void => {
    codes[at] = DIGITS[(byte >>> 4) & 0xf] as number;
    codes[at + 1] = DIGITS[byte & 0xf] as number;
  };
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
      write(0, high >>> 24);
      write(2, high >>> 16);
      write(4, high >>> 8);
      write(6, high);
      write(9, low >>> 8);
      write(11, low);
      write(14, 0x70 | (counter >>> 8));
      write(16, counter);
      write(19, 0x80 | ((pool[r] ?? 0) & 0x3f));
      write(21, pool[r + 1] ?? 0);
      for (let i = 2; i < 8; i += 1) write(20 + 2 * i, pool[r + i] ?? 0);
      return String.fromCharCode(...codes);
    },
  };
}
