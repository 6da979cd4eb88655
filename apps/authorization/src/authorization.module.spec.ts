import { startService } from '@voltlog/service';
import { openTestContext, type TestContext } from '@voltlog/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { authorizationService } from './authorization.module.js';

describe('authorization as a service', () => {
  let context: TestContext;
  afterEach(() => context.close());

  it('starts, offers its RPC, and stops', async () => {
    const opened = await openTestContext('authorization');
    const served: string[] = [];
    context = { ...opened, rpc: { ...opened.rpc, serve: (definition) => void served.push(definition.fullName) } };
    const running = await startService(authorizationService, context, authorizationService.config.parse({}));
    expect(served).toEqual(['voltlog.authorization.v1.AuthorizationService']);
    await running.stop();
  });

  it('names every wrong variable', () => {
    const wrong = authorizationService.config.safeParse(WRONG);
    expect(wrong.error?.issues.map((issue) => issue.path.join('.'))).toEqual(Object.keys(WRONG));
  });
});

const WRONG = { AUTHORIZATION_CACHE_SECONDS: '59', AUTHORIZATION_UNKNOWN_TOKENS: 'maybe', AUTHORIZATION_VERIFY_MS: '10001' };
