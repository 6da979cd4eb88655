import type { Ledger, LedgerEntry } from '../ledger.js';
import type { SimulationClock } from '../time/clock.js';
import type { EvseOptions } from './evse.js';
import type { PublishConduct } from './firmware-publisher.js';
import type { FirmwareConduct } from './firmware-update.js';
import type { LineEvent } from './line.js';
import type { ListLimits } from './local-list.js';
import type { OcppVersion } from './protocol.js';
import type { SecurityOptions } from './station-security.js';
import type { TransactionStage } from './transaction-queue.js';

/** What a station is and how it behaves. */
export interface StationOptions {
  readonly id: string;
  readonly version: OcppVersion;
  /** `ws://host:port/ocpp`, or for 1.6 over SOAP `http://host:port/ocpp/soap`; the id is appended. Of several the next is tried when a connection cannot be made. */
  readonly url: string | readonly [string, ...string[]];
  /** Basic auth of security profile 1; none: profile 0. */
  readonly password?: string;
  /** Demanded of who calls it over SOAP, by basic authentication with its id. Default: none is. */
  readonly callPassword?: string;
  /** Default: profile 1 with a password, 0 without one. */
  readonly security?: SecurityOptions;
  /** Default: one 11 kW AC outlet. */
  readonly evses?: readonly EvseOptions[];
  /** Shared by all stations of a process. Default: a real clock of its own. */
  readonly clock?: SimulationClock;
  readonly ledger?: Ledger;
  /** How far the station's clock is ahead, ms. */
  readonly clockOffsetMs?: number;
  /** Sets its clock by what the CSMS says at boot and heartbeat. Default: no. */
  readonly syncClock?: boolean;
  /** A repeated transaction message has the id of the first try, or a new one (the default). */
  readonly retryIds?: 'same' | 'new';
  /** Whether a station that only lost its connection boots again; many real ones do. Default: yes. */
  readonly bootOnReconnect?: boolean;
  /** Whether it can hold a connector for a driver. Default: yes. */
  readonly canReserve?: boolean;
  /** Loses what it holds with its power. Default: no. */
  readonly forgetsHolds?: boolean;
  /** How long a list of tokens it keeps; `false`: none. Default: 100 tokens, 20 in a message. */
  readonly localList?: ListLimits | false;
  /** Loses its list of tokens with its power. Default: no. */
  readonly forgetsList?: boolean;
  /** How it updates its firmware. Default: it installs what it is told. */
  readonly firmware?: FirmwareConduct;
  /** It is a local controller, and this is how it publishes firmware. Default: it is none. */
  readonly publishes?: PublishConduct;
  /** Real ms without an answer after which the socket is closed. Default: 30 000. */
  readonly callTimeoutMs?: number;
  /** First and longest pause before reconnecting, real ms. Default: 1 000 and 60 000. */
  readonly reconnectMs?: readonly [number, number];
  readonly identity?: Partial<Identity>;
  /** Settings that differ from the defaults, by name. */
  readonly settings?: Readonly<Record<string, string>>;
  /** In [0, 1); jitter of reconnects. */
  readonly random?: () => number;
  readonly onEvent?: (event: StationEvent) => void;
}

/** At most 20 characters each, 25 for the serial number (the limits of OCPP 1.6 §6.3). */
export interface Identity {
  readonly vendor: string;
  readonly model: string;
  readonly serialNumber: string;
  readonly firmwareVersion: string;
}

/** What a station tells its observer. */
export type StationEvent =
  | (LineEvent & { readonly stationId: string })
  | { readonly type: 'transaction'; readonly stationId: string; readonly stage: TransactionStage; readonly entry: LedgerEntry }
  | { readonly type: 'abandoned'; readonly stationId: string; readonly action: string; readonly code: string };

export const ONE_OUTLET: readonly EvseOptions[] = [{ kind: 'AC', powerWMax: 11_000 }];
export const CALL_TIMEOUT_MS = 30_000;
export const RECONNECT_MS: readonly [number, number] = [1_000, 60_000];
