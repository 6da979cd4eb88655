// The messages are generated, a name for each request, response and shared type: the one place where a star is the list.
export type * from './generated/messages.js';
export { type RequestSchema, requestSchemas } from './generated/request-schemas.js';
export { loadV21 } from './protocol.js';
export { SENDERS } from './senders.js';
