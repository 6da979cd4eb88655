import type { Frame } from '@voltlog/ocpp-rpc';

/** Calls towards one station. */
export interface StationCalls {
  answered(frame: Frame): void;
  failed(messageId: string, why: string): boolean;
  disconnected(): void;
}
