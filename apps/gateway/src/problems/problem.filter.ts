import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import { SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Problem, toProblem } from './problem.js';

/** Writes every error of a request as problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(SERVICE_CONTEXT) private readonly context: ServiceContext) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = toProblem(error);
    if (problem.status >= 500 && problem.status !== 501) {
      this.context.logger.error(
        {
          err: problem.cause ?? problem,
          method: request.method,
          route: request.routeOptions?.url,
          requestId: reply.getHeader('x-request-id'),
        },
        'request failed',
      );
    }
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    sendProblem(reply, problem);
  }
}

/** Answers with a problem, under the request id that the answer carries. */
export function sendProblem(reply: FastifyReply, problem: Problem): void {
  const requestId = reply.getHeader('x-request-id');
  void reply
    .status(problem.status)
    .headers(problem.more.headers ?? {})
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify(problem.body(typeof requestId === 'string' ? requestId : undefined)));
}
