import type { readMessages } from './schemas.mjs';

export const SOAP_ACTIONS: Readonly<Record<'cs' | 'cp', readonly string[]>>;
export function emitShapes(model: ReturnType<typeof readMessages>): string;
