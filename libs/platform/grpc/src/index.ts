export type { MessageCodec, MethodDefinition, Rpc, RpcDefinition, RpcTarget } from './rpc.js';
