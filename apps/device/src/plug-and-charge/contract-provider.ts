/** A car asks through its station for a contract certificate, or a new one in place of it. Source: OCPP 2.0.1 Part 2 M01, M02 */
export interface EvCertificateOrder {
  readonly stationId: string;
  /** Of the message between car and station, `urn:iso:15118:2:2013:MsgDef` or a later one. */
  readonly schemaVersion: string;
  readonly action: 'Install' | 'Update';
  /** The message of the car in base64, whole and as it came: OCPP passes EXI on and does not look into it. */
  readonly exiRequest: string;
  readonly orderedAtMs: number;
}

export type EvCertificateAnswer =
  | {
      readonly status: 'Accepted';
      /** The message for the car in base64. */
      readonly exiResponse: string;
      /** Contracts of the car that it can ask for yet. */
      readonly remainingContracts: number;
    }
  | {
      readonly status: 'Failed';
      /** In plain words. */
      readonly reason: string;
    };

/**
 * Who has the contracts of cars: a provisioning service (a pool of contract certificates) outside behind the same words, or the built-in test
 * provider.
 */
export interface ContractProvider {
  /** @throws {OperatingError} when it cannot be asked now: the station is answered Failed, and the car asks again */
  answer(order: EvCertificateOrder): Promise<EvCertificateAnswer>;
}
