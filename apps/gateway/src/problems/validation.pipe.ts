import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { pointerOf } from '../web/pointer.js';
import { type FieldError, invalid } from './problem.js';

const PLACES: Readonly<Record<string, FieldError['in']>> = { body: 'body', query: 'query', param: 'path' };

/** Checks what came in against the schema of its parameter and lists every field that is wrong. */
@Injectable()
export class ValidationPipe implements PipeTransform {
  async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.schema === undefined) return value;
    const place = PLACES[metadata.type] ?? 'body';
    const result = await metadata.schema['~standard'].validate(value ?? {});
    if (result.issues === undefined) return result.value;
    const errors = result.issues.map((issue): FieldError => ({ in: place, pointer: pointerOf(issue.path ?? []), message: issue.message }));
    throw invalid(
      `${errors.length === 1 ? 'One field is' : `${errors.length} fields are`} wrong in the ${place}: ${errors.map((e) => e.pointer || '/').join(', ')}`,
      errors,
    );
  }
}
