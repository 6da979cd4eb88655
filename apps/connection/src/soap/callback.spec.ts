import type { Addressing } from '@voltlog/ocpp-v16-soap';
import { describe, expect, it } from 'vitest';
import { connectionConfig } from '../config.js';
import { callbackOf, callbackPolicy } from './callback.js';

const SENDER = '10.1.2.3';
const addressing = (from: string | undefined, replyTo?: string): Addressing => ({
  uri: '',
  action: undefined,
  messageId: undefined,
  relatesTo: undefined,
  from,
  replyTo,
  to: undefined,
  bare: false,
});
const may = (list: string, from: string, sender = SENDER) => 'url' in callbackOf(addressing(from), sender, callbackPolicy(list));

describe('where a station may be called', () => {
  it.each<[string, string, string?]>([
    ['', 'http://10.1.2.3:8080/cp'],
    ['', 'https://10.1.2.3/'],
    ['', 'http://10.1.2.3/', '::ffff:10.1.2.3'],
    ['', 'http://[2001:db8::1]:80/', '2001:db8:0::1'],
    ['10.0.0.0/8', 'http://10.200.0.1/', '192.0.2.1'],
    ['2001:db8::/32', 'http://[2001:db8::7]/'],
    ['charger-7.example.net, 192.0.2.7', 'http://Charger-7.example.net/'],
    ['charger-7.example.net, 192.0.2.7', 'http://192.0.2.7/'],
    ['*', 'http://anywhere/'],
    ['169.254.0.0/16', 'http://169.254.3.4/'],
    ['fe80::/10', 'http://[fe80::1]/'],
    ['*', 'http://169.254.3.4/'],
    ['', 'http://127.0.0.1/', '127.0.0.1'],
  ])('with the list "%s": %s', (list, from, sender) => expect(may(list, from, sender)).toBe(true));

  it.each<[string, string, string?]>([
    ['', 'http://10.1.2.4/'],
    ['', 'http://127.0.0.1/'],
    ['', 'http://169.254.169.254/', '169.254.169.254'],
    ['', 'http://[::ffff:169.254.3.4]/', '169.254.3.4'],
    ['', 'http://[fe80::1]/', 'fe80::1'],
    ['', 'http://[fe80::1]/', 'fe80::1%eth0'],
    ['', 'http://localhost/'],
    ['', 'http://169.254.169.254/latest/meta-data'],
    ['10.0.0.0/8', 'http://11.0.0.1/'],
    ['10.0.0.0/8', 'http://[2001:db8::7]/'],
    ['charger-7.example.net', 'http://charger-7.example.net.evil.org/'],
    ['charger-7.example.net', 'http://10.1.2.3/'],
    ['*', 'ftp://10.1.2.3/'],
    ['*', 'not an address'],
    ['*', 'http://user:password@10.1.2.3/'],
  ])('not with the list "%s": %s', (list, from, sender) => expect(may(list, from, sender)).toBe(false));

  it('says why not', () => {
    const why = (from: string | undefined) => callbackOf(addressing(from), SENDER, callbackPolicy(''));
    expect(why(undefined)).toEqual({ unusable: expect.stringContaining('told no address') });
    expect(why('http://10.0.0.1:81/')).toEqual({ unusable: expect.stringContaining('10.0.0.1:81, which is link-local or not its own') });
  });

  it('From comes before ReplyTo, and is kept as it was said', () => {
    const policy = callbackPolicy('*');
    expect(callbackOf(addressing('http://a', 'http://b/'), SENDER, policy)).toEqual({ url: 'http://a' });
    expect(callbackOf(addressing(undefined, 'http://b/'), SENDER, policy)).toEqual({ url: 'http://b/' });
  });

  it('a list that is none stops the start', () => {
    const parsed = connectionConfig.safeParse({ OCPP_SOAP_CALLBACK_HOSTS: '10.0.0.0/99' });
    expect(parsed.error?.issues[0]?.path).toEqual(['OCPP_SOAP_CALLBACK_HOSTS']);
  });
});
