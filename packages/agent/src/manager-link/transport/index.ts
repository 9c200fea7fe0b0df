/** What the dialect of manager 1.4 needs of its wire, without a word of ZeroMQ or msgpack. */
export { compressRaw, Float, MsgpackError, pack, unpack, type Packable, type Packed, type PackedMap } from './codec.js';
export { EventSocket, type EventSocketOptions } from './event-socket.js';
export { type BoundArguments, type Parameter, type ParameterKind, type ParameterList } from './parameters.js';
export { RpcError, type BuiltinError } from './rpc-error.js';
export { type RpcLimits } from './rpc-limits.js';
export { withDelivery, type DeliveredResult, type RpcContext, type RpcMethod, type RpcMethods } from './rpc-method.js';
export { RpcServer, type RpcCounters, type RpcServerOptions } from './rpc-server.js';
export { createZapGate, parseNetworks, type GatedSocketOptions, type ZapGate, type ZapGateOptions } from './zap-gate.js';
