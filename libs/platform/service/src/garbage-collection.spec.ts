import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { GARBAGE_COLLECTION_FLAGS } from './garbage-collection.js';

it('sets flags that this Node knows: it only complains of others', () => {
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8', maxBuffer: 16_000_000 });
  for (const flag of GARBAGE_COLLECTION_FLAGS) expect(known).toContain(`  ${flag.replace(/^--no-/, '--').replace(/=.*/, '')} (`);
});
