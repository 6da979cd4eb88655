import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiExtension, ApiSecurity } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Role } from './api-key.js';
import type { Caller } from './api-keys.js';

/** Metadata key of the role a route asks for. */
export const NEEDED_ROLE = 'voltlog:role';

/** Metadata key of what needs no key. */
export const PUBLIC = 'voltlog:public';

/** Open to everybody: the console's files and the API's description. Everything else asks for a key. */
export const Public = () => SetMetadata(PUBLIC, true);

/** The least role that may use a route; without it only an admin may. */
export const Access = (role: Role) => applyDecorators(SetMetadata(NEEDED_ROLE, role), ApiSecurity('apiKey'), ApiExtension('x-role', role));

const callers = new WeakMap<FastifyRequest, Caller>();

export const setCaller = (request: FastifyRequest, caller: Caller): void => {
  callers.set(request, caller);
};
export const callerOf = (request: FastifyRequest): Caller => {
  const caller = callers.get(request);
  if (caller === undefined) throw new Error('the route has no caller: it is public');
  return caller;
};

/** Who asks, in a handler's parameter. */
export const CallerParam = createParamDecorator((_: unknown, context: ExecutionContext) =>
  callerOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
