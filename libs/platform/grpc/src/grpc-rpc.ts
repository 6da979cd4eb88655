import {
  type Client,
  connectivityState,
  credentials,
  type handleUnaryCall,
  Metadata,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { OperatingError, RequestError } from '@voltlog/kernel';
import { fromStatus, toStatus } from './errors.js';
import type { MessageCodec, Rpc, RpcDefinition, RpcTarget } from './rpc.js';

/** Milliseconds a call may take when the caller does not say. */
export const DEADLINE_MS_DEFAULT = 5_000;
/** Milliseconds that calls under way get to finish when the process closes. */
const CLOSE_MS = 5_000;
/** Bytes of one message; a page of raw frames fits, a runaway does not. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

export interface RpcOptions {
  /** Told of errors that are ours, not the caller's. */
  onError?(method: string, error: unknown): void;
  /** `traceparent` of the span that is active, to send along. */
  traceparent?(): string | undefined;
  /** Runs the work of a call under the trace it came with. */
  underTrace?<T>(method: string, traceparent: string | undefined, work: () => T): T;
}

type Method = (request: unknown) => Promise<unknown>;

/** The RPC of one process. Services in it call each other directly; services elsewhere by gRPC. */
export function createRpc(options: RpcOptions = {}): Rpc {
  return new GrpcRpc(options);
}

class GrpcRpc implements Rpc {
  private readonly local = new Map<string, { definition: RpcDefinition; implementation: object }>();
  private readonly clients = new Map<string, Client>();
  private server: Server | undefined;
  private closed = false;
  private turn = 0;

  constructor(private readonly options: RpcOptions) {}

  serve<Impl extends object>(definition: RpcDefinition, implementation: Impl): void {
    if (this.server !== undefined) throw new Error(`${definition.fullName} is served after listen()`);
    this.local.set(definition.fullName, { definition, implementation });
  }

  /** Local or remote is decided at the first call, so that services may start in any order. */
  client<Impl extends object>(definition: RpcDefinition, target: RpcTarget): Impl {
    const stub: Record<string, Method> = {};
    for (const key of Object.keys(definition.methods)) {
      const remote = this.remoteMethod(definition, key, target);
      stub[key] = (request) => {
        const here = target.remote === true ? undefined : this.local.get(definition.fullName);
        return here === undefined ? remote(request) : callLocal(here.implementation, key, request, `${definition.fullName}/${key}`);
      };
    }
    return stub as Impl;
  }

  async listen(address: string): Promise<string> {
    const server = new Server({ 'grpc.max_receive_message_length': MESSAGE_BYTES_MAX, 'grpc.max_send_message_length': MESSAGE_BYTES_MAX });
    for (const { definition, implementation } of this.local.values()) {
      server.addService(wireDefinition(definition), this.handlers(definition, implementation));
    }
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    this.server = server;
    return `${address.slice(0, address.lastIndexOf(':'))}:${port}`;
  }

  async close(): Promise<void> {
    this.closed = true;
    const { server } = this;
    if (server !== undefined) {
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, CLOSE_MS);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      });
    }
    for (const client of this.clients.values()) client.close();
    this.clients.clear();
  }

  private handlers(definition: RpcDefinition, implementation: object): UntypedServiceImplementation {
    const handlers: UntypedServiceImplementation = {};
    for (const key of Object.keys(definition.methods)) {
      const name = `${definition.fullName}/${key}`;
      const handle: handleUnaryCall<unknown, unknown> = (call, callback) => {
        const work = (): Promise<unknown> =>
          (implementation as Record<string, Method>)[key]?.(call.request) ?? Promise.reject(new Error('no such method'));
        const traceparent = call.metadata.get('traceparent')[0];
        const run = this.options.underTrace;
        const answer = run === undefined || traceparent === undefined ? invoke(work) : invoke(() => run(name, String(traceparent), work));
        answer.then(
          (response) => callback(null, response),
          (error: unknown) => {
            if (!(error instanceof RequestError)) this.options.onError?.(name, error);
            callback(toStatus(error));
          },
        );
      };
      handlers[key] = handle as UntypedServiceImplementation[string];
    }
    return handlers;
  }

  private remoteMethod(definition: RpcDefinition, key: string, target: RpcTarget): Method {
    const name = `${definition.fullName}/${key}`;
    const deadlineMs = target.deadlineMs ?? DEADLINE_MS_DEFAULT;
    const addresses = target.address.split(',').filter((address) => address !== '');
    const none = new Metadata();
    return (request) =>
      new Promise((resolve, reject) => {
        if (this.closed) {
          reject(new OperatingError('ServiceUnavailable', `${name}: this process is closing`));
          return;
        }
        const client = this.clientOf(definition, addresses);
        const traceparent = this.options.traceparent?.();
        let metadata = none;
        if (traceparent !== undefined) {
          metadata = new Metadata();
          metadata.set('traceparent', traceparent);
        }
        const call = (client as unknown as Record<string, (...args: unknown[]) => void>)[key];
        call?.call(client, request, metadata, { deadline: Date.now() + deadlineMs }, (error: ServiceError | null, response: unknown) =>
          error === null ? resolve(response) : reject(fromStatus(error, name)),
        );
      });
  }

  /** The client of one of the addresses: those that are connected in turn; while none is, each in turn. */
  private clientOf(definition: RpcDefinition, addresses: readonly string[]): Client {
    if (addresses.length === 0) throw new OperatingError('ServiceUnavailable', `no address is configured for ${definition.fullName}`);
    const clients = addresses.map((address) => this.connect(definition, address));
    const up = clients.filter((client) => client.getChannel().getConnectivityState(true) === connectivityState.READY);
    const candidates = up.length > 0 ? up : clients;
    this.turn = (this.turn + 1) % Number.MAX_SAFE_INTEGER;
    return candidates[this.turn % candidates.length] as Client;
  }

  private connect(definition: RpcDefinition, address: string): Client {
    const id = `${definition.fullName} ${address}`;
    const known = this.clients.get(id);
    if (known !== undefined) return known;
    const Constructor = makeGenericClientConstructor(wireDefinition(definition), definition.fullName);
    const client = new Constructor(address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
      'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
      // A peer that restarts is found again within a second or so, not after gRPC's default of up to two minutes.
      'grpc.initial_reconnect_backoff_ms': 200,
      'grpc.max_reconnect_backoff_ms': 2_000,
    });
    this.clients.set(id, client);
    return client;
  }
}

async function invoke(work: () => Promise<unknown>): Promise<unknown> {
  return work();
}

/** Same process: the implementation itself. What it throws is made what gRPC would have made of it. */
async function callLocal(implementation: object, key: string, request: unknown, name: string): Promise<unknown> {
  const method = (implementation as Record<string, Method>)[key];
  if (method === undefined) throw new OperatingError('ServiceFailed', `${name}: no such method`);
  try {
    return await method.call(implementation, request);
  } catch (error) {
    if (error instanceof RequestError || error instanceof OperatingError) throw error;
    throw new OperatingError('ServiceFailed', `${name}: internal error`, { cause: error });
  }
}

function wireDefinition(definition: RpcDefinition): ServiceDefinition {
  const wire: Record<string, ServiceDefinition[string]> = {};
  for (const [key, method] of Object.entries(definition.methods)) {
    if (method.requestStream || method.responseStream) throw new Error(`${definition.fullName}/${method.name}: streams are not offered`);
    wire[key] = {
      path: `/${definition.fullName}/${method.name}`,
      requestStream: false,
      responseStream: false,
      ...requestSide(method.requestType),
      ...responseSide(method.responseType),
    };
  }
  return wire;
}

const encode = (codec: MessageCodec) => (message: unknown) => Buffer.from(codec.encode(message as never).finish());

const requestSide = (codec: MessageCodec) => ({
  requestSerialize: encode(codec),
  requestDeserialize: (bytes: Buffer) => codec.decode(bytes),
});
const responseSide = (codec: MessageCodec) => ({
  responseSerialize: encode(codec),
  responseDeserialize: (bytes: Buffer) => codec.decode(bytes),
});
