/** Requests read or worked on at once, by all stations: each may hold a whole envelope. */
const REQUESTS_MAX = 1_024;
/** Of these, requests whose sender has shown nothing yet: the rest is left to stations that have. */
const UNPROVEN_MAX = REQUESTS_MAX / 2;
/** Of these, from one address. An envelope is read in milliseconds, so that a proxy before many stations gets by with it. */
const UNPROVEN_PER_ADDRESS_MAX = 64;
/** Bytes that requests may hold while they are read; half of it for those that have shown nothing. */
const BYTES_MAX = 128 * 1_048_576;

/** A request while it is read. */
export interface Reader {
  /** @returns false when all requests together hold too much: this one is to be given up */
  took(bytes: number): boolean;
  /** It was read, or is not read any more. May be called again. */
  done(): void;
}

/** How much is read at once, so that whoever sends without end shuts nobody else out and memory is bounded. */
export class Reading {
  private working = 0;
  private unproven = 0;
  private bytes = 0;
  private readonly byAddress = new Map<string, number>();
  private readonly bytesMax: number;

  /** @param envelopeBytesMax the longest envelope, of which a few must fit */
  constructor(envelopeBytesMax: number) {
    this.bytesMax = Math.max(BYTES_MAX, envelopeBytesMax * 4);
  }

  /** Requests that are read or worked on. */
  get inWork(): number {
    return this.working;
  }

  /** @returns false when there are too many; else the request is in work until {@link left} */
  entered(): boolean {
    if (this.working >= REQUESTS_MAX) return false;
    this.working += 1;
    return true;
  }

  left(): void {
    this.working -= 1;
  }

  /**
   * @param proven whether the sender has shown that it is a station
   * @returns undefined when too many are read that have not, from this address or in all
   */
  begun(remoteAddress: string, proven: boolean): Reader | undefined {
    const others = this.byAddress.get(remoteAddress) ?? 0;
    if (!proven) {
      if (this.unproven >= UNPROVEN_MAX || others >= UNPROVEN_PER_ADDRESS_MAX) return undefined;
      this.unproven += 1;
      this.byAddress.set(remoteAddress, others + 1);
    }
    const limit = proven ? this.bytesMax : this.bytesMax / 2;
    let held = 0;
    let reading = true;
    return {
      took: (bytes) => {
        held += bytes;
        this.bytes += bytes;
        return this.bytes <= limit;
      },
      done: () => {
        if (!reading) return;
        reading = false;
        this.bytes -= held;
        if (!proven) this.ended(remoteAddress);
      },
    };
  }

  private ended(remoteAddress: string): void {
    this.unproven -= 1;
    const others = (this.byAddress.get(remoteAddress) ?? 1) - 1;
    if (others === 0) this.byAddress.delete(remoteAddress);
    else this.byAddress.set(remoteAddress, others);
  }
}
