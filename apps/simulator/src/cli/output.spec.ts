import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { passwordOf, share, urls, versions, wholeNumber, words } from './options.js';
import { Output, type Terminal } from './output.js';

/** A stream that is a terminal or is none, and what was written to it. */
function stream(isTTY: boolean): { readonly terminal: Terminal; readonly text: () => string } {
  const through = new PassThrough();
  const chunks: string[] = [];
  through.on('data', (chunk) => chunks.push(String(chunk)));
  return { terminal: Object.assign(through, { isTTY, columns: 40 }), text: () => chunks.join('') };
}

describe('the output', () => {
  it('updates one line on a terminal and clears it before a result', () => {
    const out = stream(true);
    const err = stream(true);
    const output = new Output(false, out.terminal, err.terminal, {});
    output.progress('one');
    output.progress('x'.repeat(100));
    output.line(output.good('done'));
    expect(err.text()).toBe(`\r\x1b[2Kone\r\x1b[2K${'x'.repeat(39)}\r\x1b[2K`);
    expect(out.text()).toBe('\x1b[32mdone\x1b[0m\n');
  });

  it('writes plain lines, few and without colour, elsewhere', () => {
    const out = stream(false);
    const err = stream(false);
    const output = new Output(false, out.terminal, err.terminal, {});
    output.progress('one');
    output.progress('two');
    output.line(output.bad('failed'));
    output.data({ hidden: true });
    expect([err.text(), out.text()]).toEqual(['one\n', 'failed\n']);
  });

  it('has no colour where NO_COLOR is set, and only JSON where JSON is wanted', () => {
    const out = stream(true);
    const output = new Output(true, out.terminal, stream(false).terminal, { NO_COLOR: '1' });
    output.line('for people');
    output.data({ word: output.good('ok') });
    expect(out.text()).toBe('{"word":"ok"}\n');
  });
});

describe('options', () => {
  it('take what is right and refuse what is not', () => {
    expect(wholeNumber(1)('3')).toBe(3);
    expect(() => wholeNumber(1)('0')).toThrow('at least 1');
    expect(share('0.5')).toBe(0.5);
    expect(() => share('1.1')).toThrow('between 0 and 1');
    expect(versions('1.6,2.0.1,2.1')).toEqual(['1.6', '2.0.1', '2.1']);
    expect(() => versions('2.2')).toThrow('1.6, 2.0.1 or 2.1');
    expect(words('A,,B')).toEqual(['A', 'B']);
    expect(() => words(',')).toThrow('at least one');
    expect(urls('ws://a:1/ocpp,wss://b/ocpp,http://c/ocpp/soap')).toHaveLength(3);
    expect(() => urls('ftp://a')).toThrow('expected an address');
    expect(passwordOf('pw-{id}')?.('CS-1')).toBe('pw-CS-1');
    expect(passwordOf(undefined)).toBeUndefined();
  });
});
