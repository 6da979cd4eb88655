import type { callCredentialsV1 } from '@voltlog/proto';
import { z } from 'zod';
import { notFound } from '../problems/problem.js';
import { instant } from './common.js';

const scheme = z.enum(['Basic', 'Digest']);

/** Source: RFC 7617 §2 */
export const newCallCredential = z
  .strictObject({
    username: z
      .string()
      .max(255)
      .regex(/^[^\p{Cc}:]*$/u, 'must have no colon and no control characters')
      .default('')
      .meta({ description: "empty: the station's id" }),
    password: z
      .string()
      .min(1)
      .max(255)
      .regex(/^\P{Cc}*$/u, 'must have no control characters'),
    scheme: scheme.default('Basic').meta({
      description: 'Basic shows the password itself, and unasked; Digest (MD5 or SHA-256, as the station asks for it) never shows it',
    }),
  })
  .meta({ id: 'NewCallCredential' });

export const callCredentialView = z
  .object({ stationId: z.string(), username: z.string(), scheme, updatedAt: instant })
  .meta({ id: 'CallCredential' });

/**
 * A service that is older than Digest tells no scheme.
 *
 * @throws {Problem} 404
 */
export function toCallCredential(credential: callCredentialsV1.CallCredential | undefined, stationId: string) {
  if (credential?.updatedAt === undefined) throw notFound(`A password for calls to station ${stationId}`);
  const { username, updatedAt } = credential;
  return { stationId, username, scheme: scheme.parse(credential.scheme || 'Basic'), updatedAt };
}
