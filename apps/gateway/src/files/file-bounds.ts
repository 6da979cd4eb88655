import { RequestError } from '@voltlog/kernel';
import type { GatewayConfig } from '../config.js';
import { Problem } from '../problems/problem.js';
import { tooLarge } from './bounded-body.js';

/** What is left of bounds that the file store keeps, as the problem it is to the one who sends. */
export function fileProblem(error: unknown, maxBytes: number): unknown {
  if (!(error instanceof RequestError)) return error;
  if (error.reason === 'FileTooLarge') return tooLarge(maxBytes);
  if (error.reason === 'FilesFull')
    return new Problem(507, 'files-full', 'There is no room for more files. Delete some, or raise GATEWAY_FILES_MB.');
  return error;
}

/** Where stations reach the files; empty: the way this request came. */
export const filesUrl = (config: Pick<GatewayConfig, 'stationFilesUrl'>, fallback: string): string => config.stationFilesUrl || fallback;
