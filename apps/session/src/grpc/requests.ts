import { RequestError } from '@voltlog/kernel';

const TEXT_MAX = 255;

/** @throws {RequestError} `INVALID_ARGUMENT` when it is too long */
export function text(name: string, value: string, max = TEXT_MAX): string {
  if (value.length > max) throw new RequestError('INVALID_ARGUMENT', `${name} is longer than ${max} characters`, 'TooLong');
  return value;
}
