import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { pointerOf } from '../web/pointer.js';
import { type FieldError, invalid } from './problem.js';

const PLACES: Readonly<Record<string, FieldError['in']>> = { body: 'body', query: 'query', param: 'path' };

/** Errors, and names of fields in the text, of one answer: whoever sends a great many wrong fields is not told of each. */
const ERRORS_MAX = 100;
const NAMES_MAX = 20;

/** Checks what came in against the schema of its parameter and lists the fields that are wrong. */
@Injectable()
export class ValidationPipe implements PipeTransform {
  async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.schema === undefined) return value;
    const place = PLACES[metadata.type] ?? 'body';
    const result = await metadata.schema['~standard'].validate(value ?? {});
    if (result.issues === undefined) return result.value;
    const errors = result.issues.flatMap((issue) => errorsOf(issue, place));
    throw invalid(detailOf(errors, place), errors.slice(0, ERRORS_MAX));
  }
}

interface Issue {
  readonly message: string;
  readonly path?: Parameters<typeof pointerOf>[0] | undefined;
}

/** Fields that are not known are an issue of what holds them; whoever sent them looks for their names. */
function errorsOf(issue: Issue, place: FieldError['in']): readonly FieldError[] {
  const path = issue.path ?? [];
  const unknown = 'keys' in issue && Array.isArray(issue.keys) ? issue.keys.map(String) : [];
  if (unknown.length > 0)
    return unknown.map((key) => ({ in: place, pointer: pointerOf([...path, key]), message: 'there is no such field' }));
  return [{ in: place, pointer: pointerOf(path), message: issue.message }];
}

function detailOf(errors: readonly FieldError[], place: FieldError['in']): string {
  const fields = [...new Set(errors.map(({ pointer }) => pointer))].filter((pointer) => pointer !== '');
  if (fields.length === 0) return `The ${place} is wrong: ${errors.map(({ message }) => message).join('; ')}`;
  const more = fields.length > NAMES_MAX ? ', ...' : '';
  const names = fields.slice(0, NAMES_MAX).join(', ');
  return `${fields.length === 1 ? 'One field is' : `${fields.length} fields are`} wrong in the ${place}: ${names}${more}`;
}
