import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiProduces, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { Access } from '../auth/access.js';
import type { Role } from '../auth/api-key.js';

interface Route {
  /** The least role that may use it. */
  readonly role: Role;
  readonly summary: string;
  readonly description?: string;
  /** Shape of the answer; none where there is nothing to say (204). */
  readonly answer?: z.ZodType;
  /** What an answer that is no JSON is. */
  readonly types?: readonly string[];
  /** Default 200. */
  readonly status?: number;
  /** The answer is a 201 where the write made what it names. */
  readonly makes?: boolean;
  /** Other answers by status. */
  readonly problems?: Readonly<Record<number, string>>;
}

/** What a read route promises. */
export const Read = (route: Route) =>
  applyDecorators(
    Access(route.role),
    HttpCode(route.status ?? 200),
    ApiOperation({ summary: route.summary, ...(route.description === undefined ? {} : { description: route.description }) }),
    ApiResponse({ status: route.status ?? 200, description: 'OK', ...shapeOf(route) }),
    ...(route.makes === true ? [ApiResponse({ status: 201, description: 'it was not there and is made', ...shapeOf(route) })] : []),
    ...(route.types === undefined ? [] : [ApiProduces(...route.types)]),
    ...Object.entries(route.problems ?? {}).map(([status, description]) => problemResponse(Number(status), description)),
  );

/** What a write route promises: as {@link Read}, and safe to repeat with the same `Idempotency-Key`. */
export const Write = (route: Route) =>
  applyDecorators(
    Read(route),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'The same key again gives the first answer and acts no second time.',
      schema: { type: 'string', maxLength: 128 },
    }),
  );

/** A change that can be tied to the version that was read. */
export const Versioned = () => applyDecorators(IfMatch(), problemResponse(412, 'changed by somebody else since it was read'));

/** A PUT that makes what is not there, and changes what is: tied to either by its headers. */
export const Creatable = () =>
  applyDecorators(
    IfMatch(),
    ApiHeader({
      name: 'If-None-Match',
      required: false,
      description: '`*`: it is made; 412 when there is one already.',
      schema: { type: 'string', enum: ['*'] },
    }),
    problemResponse(412, 'changed by somebody else since it was read, or there already'),
  );

const IfMatch = () =>
  ApiHeader({
    name: 'If-Match',
    required: false,
    description: 'The ETag that was read; 412 when it has changed since.',
    schema: { type: 'string' },
  });

const shapeOf = ({ answer }: Pick<Route, 'answer'>) => (answer === undefined ? {} : { standardSchema: answer });

const problemResponse = (status: number, description: string) =>
  ApiResponse({ status, description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } });
