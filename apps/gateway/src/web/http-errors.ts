import { STATUS_CODES } from 'node:http';
import type { HttpErrors, ServiceContext } from '@voltlog/service';
import { sendProblem } from '../problems/problem.filter.js';
import { Problem, toProblem } from '../problems/problem.js';
import { rimHeaders } from './http-rim.js';

/** What Node's HTTP parser says of a request that is none. */
const CLIENT_ERRORS: Readonly<Record<string, Problem>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new Problem(408, 'request-timeout', 'The request did not come in time.'),
  HPE_HEADER_OVERFLOW: new Problem(431, 'headers-too-large', 'The headers are larger than is taken.'),
};
const NOT_HTTP = new Problem(400, 'invalid-request', 'This is not a request that HTTP knows.');

/** The problems that come up before there is a route: an address that cannot be read, a request that is none. */
export const httpErrors = ({ ids }: Pick<ServiceContext, 'ids'>): HttpErrors => ({
  frameworkErrors(error, request, reply) {
    sendProblem(reply.headers(rimHeaders(request.headers['x-request-id'], ids)), toProblem(error));
  },
  clientErrorHandler(error, socket) {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const problem = CLIENT_ERRORS[error.code] ?? NOT_HTTP;
    const requestId = ids.next();
    const body = JSON.stringify(problem.body(requestId));
    socket.end(
      [
        `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
        'content-type: application/problem+json',
        `content-length: ${Buffer.byteLength(body)}`,
        `x-request-id: ${requestId}`,
        'connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  },
});
