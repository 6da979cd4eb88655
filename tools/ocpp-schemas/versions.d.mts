import type { Version } from './schemas.mjs';

export const VERSIONS: readonly Version[];
