import type { OpenAPIObject } from '@nestjs/swagger';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Responses = NonNullable<NonNullable<OpenAPIObject['components']>['responses']>;

interface CommonProblem {
  readonly status: string;
  readonly name: string;
  readonly description: string;
  /** Which operations may answer with it. */
  applies(operation: Operation, path: string): boolean;
}

const roleOf = (operation: Operation): unknown => (operation as { readonly 'x-role'?: unknown })['x-role'];
const isPublic = (operation: Operation): boolean => roleOf(operation) === 'public';
const takes = ({ parameters = [] }: Operation, header: string): boolean =>
  parameters.some((parameter) => 'name' in parameter && parameter.name === header);

const COMMON: readonly CommonProblem[] = [
  {
    status: '400',
    name: 'InvalidRequest',
    description: 'a field is wrong (`invalid-request`); `errors` says which',
    applies: ({ parameters = [], requestBody }) => parameters.length > 0 || requestBody !== undefined,
  },
  {
    status: '401',
    name: 'Unauthenticated',
    description: 'no valid API key (`unauthenticated`)',
    applies: (operation) => !isPublic(operation),
  },
  {
    status: '403',
    name: 'Forbidden',
    description: "the key's role is too small (`forbidden`)",
    applies: (operation) => !isPublic(operation) && roleOf(operation) !== 'viewer',
  },
  {
    status: '403',
    name: 'DriverForbidden',
    description: 'the driver may not, or the header `Voltlog-Driver` is missing (`driver-header-missing`)',
    applies: (operation) => takes(operation, 'Voltlog-Driver'),
  },
  {
    status: '404',
    name: 'NotFound',
    description: 'what the address names does not exist (`not-found`, `station-unknown`, ...)',
    applies: (operation, path) => path.includes('{') && !takes(operation, 'If-None-Match'),
  },
  {
    status: '409',
    name: 'Conflict',
    description: 'not as things are now, or a request with this `Idempotency-Key` is under way (`idempotency-key-in-use`)',
    applies: (operation) => takes(operation, 'Idempotency-Key'),
  },
  {
    status: '422',
    name: 'IdempotencyKeyReused',
    description: 'this `Idempotency-Key` was used with another body (`idempotency-key-reused`)',
    applies: (operation) => takes(operation, 'Idempotency-Key'),
  },
  { status: '429', name: 'TooManyRequests', description: 'see `Retry-After` (`rate-limited`)', applies: () => true },
  { status: '503', name: 'Unavailable', description: 'a service behind the API is away (`service-unavailable`)', applies: () => true },
];

/** The document with the problems that whole kinds of operations share; what a route says of a status itself stays. */
export function withCommonProblems(document: OpenAPIObject): OpenAPIObject {
  for (const [path, item] of Object.entries(document.paths))
    for (const operation of Object.values(item) as Operation[])
      for (const { status, name, applies } of COMMON)
        if (operation.responses[status] === undefined && applies(operation, path))
          operation.responses[status] = { $ref: `#/components/responses/${name}` };
  const responses: Responses = Object.fromEntries(
    COMMON.map(({ name, description }) => [
      name,
      { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
    ]),
  );
  return { ...document, components: { ...document.components, responses } };
}
