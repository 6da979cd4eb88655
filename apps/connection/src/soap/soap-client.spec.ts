import { expect, it } from 'vitest';
import { NotDelivered, post } from './soap-client.js';

it.each(['HTTPS://127.0.0.1:1/', 'Http://127.0.0.1:1/', 'https://127.0.0.1:1/'])(
  'an address is called however its scheme is written: %s',
  async (url) => {
    const posted = post({
      url,
      contentType: 'application/soap+xml',
      text: '<a/>',
      timeoutMs: 30_000,
      authorization: undefined,
      ca: undefined,
    });
    await expect(posted).rejects.toThrow(NotDelivered);
    await expect(posted).rejects.toThrow('ECONNREFUSED');
  },
);
