export { createRpc, DEADLINE_MS_DEFAULT, type RpcOptions } from './grpc-rpc.js';
export type { MessageCodec, MethodDefinition, Rpc, RpcDefinition, RpcTarget } from './rpc.js';
