import { RequestError } from '@voltlog/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GatewayUnderTest, startGateway } from '../testing/gateway-under-test.js';

let gateway: GatewayUnderTest;
beforeEach(async () => {
  gateway = await startGateway();
});
afterEach(() => gateway.app.close());

const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data; boundary=b';
const post = (body: string, type: string) =>
  gateway.app.inject({ method: 'POST', url: '/unsubscribe/sub-1.sig?lang=de', headers: { 'content-type': type }, payload: body });
const asked = () => gateway.services.lastCall('unsubscribe');

describe('the unsubscribe link of an e-mail', () => {
  it('asks a person who opens it, in the language of the e-mail, and does nothing yet', async () => {
    const page = await gateway.app.inject({ method: 'GET', url: '/unsubscribe/sub-1.sig?lang=de' });
    expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.payload).toContain('<html lang="de">');
    expect(page.payload).toContain('<form method="post"><button>Abbestellen</button></form>');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(asked()).toBeUndefined();
    const other = await gateway.app.inject({ method: 'GET', url: '/unsubscribe/x?lang=%22%3E%3Cscript%3E' });
    expect(other.payload).toContain('<html lang="en">');
    expect(other.payload).not.toContain('script');
  });

  it.each([
    ['a form', FORM, 'List-Unsubscribe=One-Click'],
    ['a multipart form', MULTIPART, '--b\r\ncontent-disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'],
    ['the button', FORM, ''],
  ])('RFC 8058 §3.2: acts on %s, without a key or a cookie', async (_, type, body) => {
    const done = await post(body, type);
    expect([done.statusCode, done.payload.includes('Sie sind abgemeldet')]).toEqual([200, true]);
    expect(asked()).toEqual({ token: 'sub-1.sig' });
  });

  it('that is not one of ours says so', async () => {
    gateway.services.unsubscribeError = new RequestError('NOT_FOUND', 'there is no such subscription', 'SubscriptionUnknown');
    const answer = await post('', FORM);
    expect([answer.statusCode, answer.payload.includes('Dieser Link funktioniert nicht')]).toEqual([404, true]);
  });

  it('cannot be tried without end', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 32; i += 1) statuses.push((await post('', FORM)).statusCode);
    expect(statuses.filter((status) => status === 429)).toHaveLength(2);
  });
});
