/** A method of a generated `*ServiceDefinition` (ts-proto, generic definitions). */
export interface MethodDefinition {
  readonly name: string;
  readonly requestType: MessageCodec;
  readonly responseType: MessageCodec;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

export interface MessageCodec {
  encode(message: never): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}

/** A generated service definition. */
export interface RpcDefinition {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

export interface RpcTarget {
  /** `host:port`; several, comma-separated, are used in turn. Ignored when this process serves the service itself. */
  readonly address: string;
  /** Always over gRPC: a peer of this process's own service at another address. */
  readonly remote?: boolean;
  /** Milliseconds before a call fails with `OperatingError` `DeadlineExceeded`. Default 5 000. */
  readonly deadlineMs?: number;
}

/**
 * Calls between services. A service that lives in the same process is called directly, with the same objects; any other by gRPC.
 *
 * Errors are the same on both roads: a `RequestError` thrown by the implementation arrives as a `RequestError` with its code,
 * message and reason; anything else as an `OperatingError`.
 */
export interface Rpc {
  /** Offers a service. `Impl` is the generated interface of promises. */
  serve<Impl extends object>(definition: RpcDefinition, implementation: Impl): void;
  client<Impl extends object>(definition: RpcDefinition, target: RpcTarget): Impl;
  /** Starts the gRPC server for all that was served; `host:port`, port 0 picks one. Answers the address it listens on. */
  listen(address: string): Promise<string>;
  /** Refuses new calls, finishes those under way, closes clients. */
  close(): Promise<void>;
}
