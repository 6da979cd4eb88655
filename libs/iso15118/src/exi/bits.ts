/** The bytes are not what an EXI stream of this message has. The text says what is wrong, in plain words. */
export class MalformedExi extends Error {
  override readonly name = 'MalformedExi';
}

/** Groups of 7 bits in a number: 224 bits hold every serial number of a certificate (20 octets). */
const GROUPS_MAX = 32;

/** Bits from the most significant of the first byte on. Source: W3C EXI 1.0 §7.1 (n-bit unsigned, unsigned integer, integer, string) */
export class BitReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  /** @param width 0 to 16 @throws {MalformedExi} after the end, as all of them */
  bits(width: number): number {
    if (this.at + width > this.bytes.length * 8) throw new MalformedExi('it ends too early');
    let value = 0;
    for (let i = 0; i < width; i++, this.at++) value = (value << 1) | (((this.bytes[this.at >> 3] ?? 0) >> (7 - (this.at & 7))) & 1);
    return value;
  }

  unsigned(): bigint {
    let value = 0n;
    for (let group = 0; group < GROUPS_MAX; group++) {
      const octet = this.bits(8);
      value |= BigInt(octet & 0x7f) << BigInt(7 * group);
      if (octet < 0x80) return value;
    }
    throw new MalformedExi(`a number has more than ${GROUPS_MAX * 7} bits`);
  }

  integer(): bigint {
    const isNegative = this.bits(1) === 1;
    const magnitude = this.unsigned();
    return isNegative ? -magnitude - 1n : magnitude;
  }

  /** How many things of at least a byte each come next: never more than there are bytes left. */
  count(extra = 0n): number {
    const count = this.unsigned() - extra;
    if (count > BigInt(this.bytes.length - (this.at >> 3))) throw new MalformedExi('it ends too early');
    return Number(count);
  }

  octets(count: number): Buffer {
    const octets = Buffer.alloc(count);
    for (let i = 0; i < count; i++) octets[i] = this.bits(8);
    return octets;
  }

  /** @throws {MalformedExi} when it refers to one that was there before: nobody keeps them (`valuePartitionCapacity` is 0) */
  text(): string {
    const length = this.count(2n);
    if (length < 0) throw new MalformedExi('it refers to a text that was there before');
    let value = '';
    for (let i = 0; i < length; i++) value += characterOf(this.unsigned());
    return value;
  }

  /** Whether less than a byte is left, which fills the last one up. */
  get isAtEnd(): boolean {
    return this.bytes.length * 8 - this.at < 8;
  }
}

/** The other side of {@link BitReader}. */
export class BitWriter {
  private readonly bytes: number[] = [];
  private used = 0;

  bits(value: number, width: number): void {
    for (let bit = width - 1; bit >= 0; bit--, this.used++) {
      if ((this.used & 7) === 0) this.bytes.push(0);
      const last = this.bytes.length - 1;
      this.bytes[last] = (this.bytes[last] ?? 0) | (((value >> bit) & 1) << (7 - (this.used & 7)));
    }
  }

  /** @param value not negative */
  unsigned(value: bigint): void {
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) this.bits(Number(rest & 0x7fn) | 0x80, 8);
    this.bits(Number(rest), 8);
  }

  integer(value: bigint): void {
    this.bits(value < 0n ? 1 : 0, 1);
    this.unsigned(value < 0n ? -value - 1n : value);
  }

  octets(octets: Uint8Array): void {
    for (const octet of octets) this.bits(octet, 8);
  }

  text(value: string): void {
    const characters = [...value];
    this.unsigned(BigInt(characters.length + 2));
    for (const character of characters) this.unsigned(BigInt(character.codePointAt(0) ?? 0));
  }

  /** The last byte filled up with zeros. */
  finish(): Buffer {
    return Buffer.from(this.bytes);
  }
}

/** Bits that tell `count` things apart. */
export const widthOf = (count: number): number => (count <= 1 ? 0 : 32 - Math.clz32(count - 1));

function characterOf(code: bigint): string {
  if (code > 0x10ffffn || (code >= 0xd800n && code <= 0xdfffn)) throw new MalformedExi('a text has a character that is none');
  return String.fromCodePoint(Number(code));
}
