import { startService } from '@voltlog/service';
import { openTestContext, type TestContext } from '@voltlog/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { notificationService } from './notification.module.js';

describe('notification as a service', () => {
  let context: TestContext | undefined;
  afterEach(() => context?.close());

  it('starts, offers its RPC, and stops', async () => {
    const opened = await openTestContext('notification');
    const served: string[] = [];
    context = { ...opened, rpc: { ...opened.rpc, serve: (definition) => void served.push(definition.fullName) } };
    const running = await startService(notificationService, context, notificationService.config.parse({}));
    expect(served).toEqual(['voltlog.notification.v1.NotificationService']);
    await running.stop();
  });

  it('names every wrong variable', () => {
    const wrong = notificationService.config.safeParse(WRONG);
    expect(wrong.error?.issues.map((issue) => issue.path.join('.'))).toEqual(Object.keys(WRONG));
  });

  it('refuses private targets unless told otherwise', () => {
    expect(notificationService.config.parse({}).allowPrivateTargets).toBe(false);
    expect(notificationService.config.parse({ NOTIFICATION_ALLOW_PRIVATE_TARGETS: 'true' }).allowPrivateTargets).toBe(true);
  });
});

const WRONG = {
  NOTIFICATION_SECRET_KEY: 'short',
  NOTIFICATION_ALLOW_PRIVATE_TARGETS: 'yes',
  NOTIFICATION_TIMEOUT_SECONDS: '46',
  NOTIFICATION_RETRY_SECONDS: '5,soon',
  NOTIFICATION_CONCURRENCY: '0',
  NOTIFICATION_TARGET_CONCURRENCY: '0',
  NOTIFICATION_SMTP_URL: 'https://mail.example',
  NOTIFICATION_EMAIL_FROM: 'x',
  NOTIFICATION_VAPID_SUBJECT: 'me',
  NOTIFICATION_DAYS: '0',
};
