import { hex32 } from '@voltlog/kernel';
import { hash128 } from '../hash128.js';

/** What makes a 1.6 transaction itself: a station repeats it word for word when an answer was lost. */
export interface TransactionNature {
  readonly stationId: string;
  readonly connectorId: number;
  readonly timestamp: string;
  readonly meterStart: number;
  readonly idTag: string;
}

export interface TransactionIdentity {
  /** 1 .. 2^31 - 1: the number the station is given. Some makes cannot hold more, and treat 0 and negatives as no transaction. */
  readonly transactionId: number;
  /** 128 bits as 32 hexadecimal digits. */
  readonly transactionKey: string;
}

/** Derived, not allotted: a repeated StartTransaction gets the same id from any instance with no look-up. Source: design §3.6. */
export function transactionIdentity(nature: TransactionNature): TransactionIdentity {
  const words = hash128(`${nature.stationId}\n${nature.connectorId}\n${nature.timestamp}\n${nature.meterStart}\n${nature.idTag}`);
  const id = (words[0] ^ words[2]) & 0x7fffffff;
  return { transactionId: id === 0 ? 1 : id, transactionKey: hex32(words[0]) + hex32(words[1]) + hex32(words[2]) + hex32(words[3]) };
}
