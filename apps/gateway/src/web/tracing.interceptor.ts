import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import { SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';

/** Runs a request under its trace, so that the calls it makes to other services are part of it. */
@Injectable()
export class TracingInterceptor implements NestInterceptor {
  constructor(@Inject(SERVICE_CONTEXT) private readonly context: ServiceContext) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { method, routeOptions, headers } = execution.switchToHttp().getRequest<FastifyRequest>();
    const name = `${method} ${routeOptions.url ?? ''}`;
    const given = headers['traceparent'];
    const span = typeof given === 'string' ? this.context.tracing.continue(name, given) : this.context.tracing.start(name);
    if (span === undefined) return next.handle();
    const work = span
      .run(() => lastValueFrom(next.handle(), { defaultValue: undefined }))
      .catch((error: unknown) => {
        span.fail(error);
        throw error;
      })
      .finally(() => span.end());
    return from(work);
  }
}
