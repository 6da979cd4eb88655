import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { station } from '../testing/fake-services.js';
import { ADMIN_KEY, type GatewayUnderTest, startGateway } from '../testing/gateway-under-test.js';
import { LABELS_PER_PAGE, labelSheetPdf, labelSheetSvg } from './label-sheet.js';
import { qrCode, qrSvg } from './qr-code.js';

const URL_OF_EVSE = 'https://charge.example/c/CP-1*1';
const label = (stationName: string, evseId = 1) => ({ stationName, evseId, siteName: 'Park', address: 'Quay 1, Town', url: URL_OF_EVSE });

/** The dark modules that a path draws. */
function drawn(path: string): Set<string> {
  const dark = new Set<string>();
  for (const [, x, y, length] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
    for (let i = 0; i < Number(length); i += 1) dark.add(`${Number(x) + i},${y}`);
  return dark;
}

describe('a QR code', () => {
  it('has its three finder patterns, and four light modules around it', () => {
    const { size, path } = qrCode(URL_OF_EVSE);
    const dark = drawn(path);
    const finder = (left: number, top: number) =>
      Array.from({ length: 49 }, (_, index) => [index % 7, Math.floor(index / 7)] as const).every(([x, y]) => {
        const ring = Math.max(Math.abs(x - 3), Math.abs(y - 3));
        return dark.has(`${left + x},${top + y}`) === (ring === 3 || ring <= 1);
      });
    expect([finder(4, 4), finder(size - 11, 4), finder(4, size - 11)]).toEqual([true, true, true]);
    const edges = [...dark].flatMap((module) => module.split(',').map(Number));
    expect([Math.min(...edges), Math.max(...edges)]).toEqual([4, size - 5]);
  });

  it('another text is another code; names cannot break out of the drawing', () => {
    expect(qrCode('a').path).not.toBe(qrCode('b').path);
    const svg = qrSvg(URL_OF_EVSE, '</title><script>alert(1)</script>');
    expect(svg).not.toContain('<script');
    expect(labelSheetSvg([label('<script>')])).not.toContain('<script');
  });
});

describe('a sheet of labels', () => {
  it('has a page more for each one that does not fit', () => {
    const pages = (count: number) =>
      Number(/viewBox="0 0 595 (\d+)"/.exec(labelSheetSvg(Array.from({ length: count }, () => label('A'))))?.[1]) / 842;
    expect([pages(0), pages(1), pages(LABELS_PER_PAGE), pages(LABELS_PER_PAGE + 1)]).toEqual([1, 1, 1, 2]);
  });

  it('is a PDF with as many pages, also for letters that its fonts lack', async () => {
    const pdf = (
      await labelSheetPdf(
        Array.from({ length: LABELS_PER_PAGE + 1 }, () => label('Żółw 充电')),
        new Date(0),
      )
    ).toString('latin1');
    expect(pdf.startsWith('%PDF-')).toBe(true);
    expect(pdf.match(/\/Type \/Page\b(?!s)/g)?.length).toBe(2);
  });
});

describe('QR codes from the API', () => {
  let gateway: GatewayUnderTest;
  beforeEach(async () => {
    gateway = await startGateway({ GATEWAY_ADMIN_KEY: ADMIN_KEY, GATEWAY_PUBLIC_URL: 'https://charge.example/' });
    gateway.services.sites.set('park', {
      siteId: 'park',
      name: 'Car park',
      address: 'Quay 1',
      city: 'Town',
      countryCode: 'NL',
      latitude: 0,
      longitude: 0,
      timeZone: 'Europe/Amsterdam',
      retired: false,
      version: 1,
    });
    gateway.services.stations.set('CP-1', station('CP-1', { siteId: 'park', name: 'By the door' }));
    gateway.services.stations.set('CP-2', station('CP-2'));
  });
  afterEach(() => gateway.app.close());

  it('one EVSE: the code of its page under the public address', async () => {
    const { status, headers, body } = await gateway.call('GET', '/v1/stations/CP-1/evses/1/qr-code.svg');
    expect([status, headers['content-type']]).toEqual([200, 'image/svg+xml']);
    expect(body['text']).toBe(qrSvg(URL_OF_EVSE, 'By the door, EVSE 1'));
    expect((await gateway.call('GET', '/v1/stations/CP-1/evses/2/qr-code.svg')).status).toBe(404);
  });

  it('a site: every EVSE of it and no other, as SVG and as PDF', async () => {
    const svg = String((await gateway.call('GET', '/v1/sites/park/qr-codes?format=svg')).body['text']);
    expect([svg.includes('By the door'), svg.includes('Car park, Quay 1, Town'), svg.includes('CP-2')]).toEqual([true, true, false]);
    const pdf = await gateway.call('GET', '/v1/sites/park/qr-codes');
    expect([pdf.headers['content-type'], String(pdf.body['text']).slice(0, 5)]).toEqual(['application/pdf', '%PDF-']);
    expect((await gateway.call('GET', '/v1/sites/other/qr-codes')).status).toBe(404);
    expect((await gateway.call('GET', '/v1/sites/park/qr-codes?format=png')).status).toBe(400);
  });

  it('without a public address the codes open the host that was asked', async () => {
    const other = await startGateway();
    const { body } = await other.call('GET', '/v1/stations/CP-1/evses/1/qr-code.svg', { headers: { host: 'depot.local:8080' } });
    expect(body['text']).toBe(qrSvg('http://depot.local:8080/c/CP-1*1', 'CP-1, EVSE 1'));
    await other.app.close();
  });
});
