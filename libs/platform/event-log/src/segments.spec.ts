import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { decodeFrame, encodeFrame, frameBytesMax } from './segment-frame.js';
import { LOG_START, Segments, type SegmentsOptions } from './segments.js';

const folder = mkdtempSync(join(tmpdir(), 'event-log-segments-'));
let serial = 0;
const newFolder = (): string => join(folder, String((serial += 1)));
const open: Segments[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((segments) => segments.close()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const body = (text: string, offset = 0) => ({ topic: 1, partition: 0, offset, records: 1, at: 1_000, text });

function opened(path: string, options?: SegmentsOptions): Segments {
  const segments = new Segments(path, options);
  open.push(segments);
  return segments;
}

/** What a log holds when it is opened anew, as it is now. */
function reopened(path: string, known = LOG_START): string[] {
  const copy = newFolder();
  cpSync(path, copy, { recursive: true });
  const segments = opened(copy);
  return segments.recover(known).frames.map(({ place, bytes }) => segments.body(place, bytes));
}

describe('a frame', () => {
  const head = fc.record({
    topic: fc.nat(),
    partition: fc.nat(),
    offset: fc.maxSafeNat(),
    records: fc.nat(),
    at: fc.maxSafeNat(),
  });

  it('is read as it was written, wherever it stands', () => {
    fc.assert(
      fc.property(head, fc.string({ minLength: 1, unit: 'grapheme' }), fc.nat(50), fc.nat(0xffffffff), (said, text, start, previous) => {
        const buffer = Buffer.alloc(start + frameBytesMax(text) + 20, 0xa5);
        const written = encodeFrame(buffer, start, said, text, previous);
        expect(decodeFrame(buffer, start)).toEqual({ ...written, previous });
        expect(buffer.toString('utf8', start + 40, start + written.bytes)).toBe(text);
      }),
    );
  });

  it('with any bit changed, or cut anywhere, is none', () => {
    fc.assert(
      fc.property(head, fc.string({ minLength: 1 }), fc.nat(), fc.nat(), (said, text, bit, cut) => {
        const buffer = Buffer.alloc(frameBytesMax(text));
        const { bytes } = encodeFrame(buffer, 0, said, text, 7);
        expect(decodeFrame(buffer.subarray(0, cut % bytes), 0)).toBeUndefined();
        const at = bit % (bytes * 8);
        buffer[at >> 3] = (buffer[at >> 3] as number) ^ (1 << (at & 7));
        expect(decodeFrame(buffer.subarray(0, bytes), 0)).toBeUndefined();
      }),
    );
  });

  it('is not made of zeros', () => {
    expect(decodeFrame(Buffer.alloc(100), 0)).toBeUndefined();
  });
});

it('holds what was appended, in order, across files, and after it was opened anew', async () => {
  const path = newFolder();
  const segments = opened(path, { segmentBytes: 300 });
  const texts = Array.from({ length: 30 }, (_, i) => `${i} ${'x'.repeat(i * 5)}`);
  const places = [];
  for (let i = 0; i < texts.length; i += 2) {
    const { frames } = await segments.append([body(texts[i] as string, i), body(texts[i + 1] as string, i + 1)]);
    places.push(...frames);
  }
  expect(readdirSync(path).length).toBeGreaterThan(5);
  expect(places.map(({ place, bytes }) => segments.body(place, bytes))).toEqual(texts);
  expect(reopened(path)).toEqual(texts);
  const { place, bytes, crc } = places[9] as (typeof places)[number];
  expect(reopened(path, { byte: place + bytes, last: place, crc })).toEqual(texts.slice(10));
  expect(() => reopened(path, { byte: place + bytes, last: place, crc: crc ^ 1 })).toThrow(`does not hold the frame at byte ${place}`);
});

it('goes on behind the last whole frame, and what lay behind it never comes back', async () => {
  const path = newFolder();
  const refused = opened(path);
  const { frames } = await refused.append([body('kept'), body('refused'), body('refused too')]);
  const [kept, next] = frames;
  // Nobody was told of the others: their sync failed, say, or the power went.
  const segments = opened(path);
  segments.recover(LOG_START);
  const file = join(path, '0'.repeat(16));
  const bytes = readFileSync(file);
  bytes.writeUInt8(0, next?.place);
  writeFileSync(file, bytes);
  const again = opened(path);
  expect(again.recover(LOG_START)).toMatchObject({
    frames: [{ place: 0 }],
    left: frames.reduce((sum, each) => sum + each.bytes, 0) - (kept?.bytes as number),
  });
  // As long as what it replaces: the third frame would follow it, but for the crc of the one before.
  await again.append([body('REFUSED')]);
  expect(reopened(path)).toEqual(['kept', 'REFUSED']);
});

it('ends where it did after a write that failed, and takes the next', async () => {
  const path = newFolder();
  const segments = opened(path, { maxBytes: 1_000 });
  await segments.append([body('first')]);
  await expect(segments.append([body('x'.repeat(2_000))])).rejects.toThrow('its largest size, 1000 bytes');
  await segments.append([body('second')]);
  expect(reopened(path)).toEqual(['first', 'second']);
});

it('begins the next file where it failed to, whatever the next write would need', async () => {
  const path = newFolder();
  const segments = opened(path, { segmentBytes: 150 });
  await segments.append([body('x'.repeat(60))]);
  const inTheWay = join(path, '0000000000000100');
  mkdirSync(inTheWay);
  await expect(segments.append([body('x'.repeat(60))])).rejects.toThrow('EISDIR');
  await expect(segments.append([body('fits')])).rejects.toThrow('EISDIR');
  rmdirSync(inTheWay);
  await segments.append([body('fits')]);
  await segments.append([body('too')]);
  expect(readdirSync(path)).toEqual(['0000000000000000', '0000000000000100']);
  expect(reopened(path)).toEqual(['x'.repeat(60), 'fits', 'too']);
});

it('a probe leaves nothing behind', async () => {
  const path = newFolder();
  const segments = opened(path);
  await segments.append([body('first')]);
  await segments.probe();
  expect(reopened(path)).toEqual(['first']);
  await segments.append([body('second')]);
  expect(reopened(path)).toEqual(['first', 'second']);
  const copy = opened(path);
  expect(copy.recover(LOG_START).left).toBe(0);
});

it('refuses to open when a file in the middle is cut, damaged or missing', async () => {
  const path = newFolder();
  const segments = opened(path, { segmentBytes: 100 });
  for (let i = 0; i < 4; i += 1) await segments.append([body('x'.repeat(60), i)]);
  const [first, second] = readdirSync(path).sort() as [string, string];
  const bytes = readFileSync(join(path, first));
  writeFileSync(join(path, first), bytes.subarray(1));
  expect(() => reopened(path)).toThrow('is shorter than it was');
  bytes[70] = 0;
  writeFileSync(join(path, first), bytes);
  expect(() => reopened(path)).toThrow('is damaged at byte 0');
  rmSync(join(path, first));
  expect(() => reopened(path)).toThrow('lacks the file with byte 0');
  expect(second).toBe('0000000000000100');
});

it('deletes only files that hold nothing from a byte on, never the last', async () => {
  const path = newFolder();
  const segments = opened(path, { segmentBytes: 100 });
  for (let i = 0; i < 4; i += 1) await segments.append([body('x'.repeat(60), i)]);
  const files = () => readdirSync(path).map(Number);
  expect(files()).toEqual([0, 100, 200, 300]);
  segments.deleteBefore(199);
  expect(files()).toEqual([100, 200, 300]);
  expect(segments.first).toBe(100);
  expect(segments.body(200, 100)).toBe('x'.repeat(60));
  segments.deleteBefore(10_000);
  expect(files()).toEqual([300]);
  const { frames, end } = await segments.append([body('next')]);
  expect([frames[0]?.place, end.last]).toEqual([400, 400]);
  const last = decodeFrame(readFileSync(join(path, '0000000000000300')), 0);
  expect(reopened(path, { byte: 400, last: 300, crc: last?.crc as number })).toEqual(['next']);
});
