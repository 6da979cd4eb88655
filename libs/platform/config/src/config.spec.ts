import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError, loadConfig } from './config.js';

const schema = z.object({
  HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  MONGO_URL: z.string().startsWith('mongodb').optional(),
});

describe('configuration', () => {
  it('takes its defaults where a variable is missing or empty', () => {
    expect(loadConfig(schema, { HTTP_PORT: '' })).toEqual({ HTTP_PORT: 8080 });
  });

  it('names every wrong variable at once and shows no value', () => {
    const load = () => loadConfig(schema, { HTTP_PORT: '70000', MONGO_URL: 'postgres://user:hunter2@db' });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(/HTTP_PORT[\s\S]*MONGO_URL/);
    expect(load).not.toThrow(/hunter2/);
  });

  it('reads a mounted secret through X_FILE', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'voltlog-config-')), 'url');
    writeFileSync(path, 'mongodb://secret\n');
    expect(loadConfig(schema, { MONGO_URL_FILE: path }).MONGO_URL).toBe('mongodb://secret');
  });

  it('says which mounted secret cannot be read', () => {
    expect(() => loadConfig(schema, { MONGO_URL_FILE: '/nowhere/url' })).toThrow(/MONGO_URL_FILE: .*\/nowhere\/url/);
  });

  it('is frozen', () => {
    expect(Object.isFrozen(loadConfig(schema, {}))).toBe(true);
  });
});
