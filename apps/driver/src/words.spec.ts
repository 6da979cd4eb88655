import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ApiError } from './api/client.js';
import type { ChargeState } from './api/types.js';
import { chargeWords, endReason, isOver, isRunning, isStoppable } from './charge-words.js';
import { en } from './i18n/en.js';
import { Formats } from './i18n/formats.js';
import { chosenLanguage, LANGUAGES, loadDictionary, localeOf, translator } from './i18n/index.js';
import { problemText } from './parts/notice.js';
import { reservationEnd } from './reservation-words.js';

const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort();
const SOURCES = fileURLToPath(new URL('.', import.meta.url));

describe('dictionaries', () => {
  it.each(LANGUAGES.map(({ code }) => code))('%s has every text, with the same gaps to fill', async (code) => {
    const dictionary = await loadDictionary(code);
    expect(Object.keys(dictionary)).toEqual(Object.keys(en));
    for (const [key, text] of Object.entries(en)) {
      const other = dictionary[key as keyof typeof en];
      expect([key, other.trim() !== '', placeholders(other)]).toEqual([key, true, placeholders(text)]);
    }
  });

  it('no language but English speaks English, but for single words that are the same', async () => {
    for (const code of ['de', 'nl', 'fr'] as const) {
      const dictionary = await loadDictionary(code);
      const copied = Object.entries(en).filter(([key, text]) => text.length > 16 && dictionary[key as keyof typeof en] === text);
      expect([code, copied]).toEqual([code, []]);
    }
  });

  it('every text is used somewhere', () => {
    const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
      (name) => /\.tsx?$/.test(name) && !/i18n.(en|de|nl|fr)\.ts|spec/.test(name),
    );
    const code = files.map((name) => readFileSync(join(SOURCES, name), 'utf8')).join('\n');
    expect(Object.keys(en).filter((key) => !code.includes(`'${key}'`) && !code.includes(`"${key}"`))).toEqual([]);
  });

  it('the language is the one that was chosen, else the first that the driver reads, else English', () => {
    expect(chosenLanguage('fr', ['de-DE'])).toBe('fr');
    expect(chosenLanguage('xx', ['pl-PL', 'nl-BE', 'de'])).toBe('nl');
    expect(chosenLanguage(undefined, ['pl'])).toBe('en');
  });

  it('numbers and times are those of the region the driver has chosen, where that is of the language', () => {
    expect(localeOf('en', ['de-DE', 'en-US'])).toBe('en-US');
    expect(localeOf('nl', ['nl-BE'])).toBe('nl-BE');
    expect(localeOf('en', ['de-DE'])).toBe('en-GB');
    expect(localeOf('fr', ['en-US'])).toBe('fr');
  });

  it('fills gaps, and leaves what nobody gave', () => {
    const t = translator(en);
    expect(t('evse', { number: 2 })).toBe('Charging point 2');
    expect(t('evse')).toBe('Charging point {number}');
  });
});

describe('a charge in words', () => {
  const states: readonly ChargeState[] = [
    'Starting',
    'PlugIn',
    'Charging',
    'Suspended',
    'Full',
    'Ended',
    'Unplugged',
    'Refused',
    'Lapsed',
    'Cancelled',
  ];
  const words = (state: ChargeState, reason: string | null = null, stopRequested = false, stopFailed = false) =>
    chargeWords({ state, reason, stopRequested, stopFailed, stationOnline: true });

  it('every state has a headline of its own', () => {
    expect(new Set(states.map((state) => words(state).title)).size).toBe(states.length);
  });

  it('says who pauses', () => {
    expect(words('Suspended', 'ByStation').title).toBe('stateSuspendedStation');
    expect(words('Suspended', 'ByVehicle').title).toBe('stateSuspendedVehicle');
    expect(words('Suspended', 'LimitReached').title).toBe('milestoneLimitReached');
  });

  it('says why it did not start or has ended, where that is known; a strange word is no sentence', () => {
    expect(words('Refused', 'Offline').text).toBe('reasonOffline');
    expect(words('Refused', 'Gremlins').text).toBe('startRefused');
    expect(words('Ended', 'EVDisconnected').text).toBe('reasonUnplugged');
    expect(words('Ended').text).toBe('stateEndedText');
  });

  it('is stopping from the wish until the end, not longer', () => {
    expect(words('Charging', null, true).title).toBe('stopping');
    expect(words('Full', null, true).title).toBe('stopping');
    expect(words('Ended', 'Remote', true).title).toBe('stateEnded');
    expect(words('PlugIn', null, true).title).toBe('stopping');
    expect(words('Cancelled', null, true).title).toBe('stateCancelled');
  });

  it('does not say that a station was asked which is offline', () => {
    const stopping = { state: 'Charging', reason: null, stopRequested: true, stopFailed: false } as const;
    expect(chargeWords({ ...stopping, stationOnline: true }).text).toBe('stoppingText');
    expect(chargeWords({ ...stopping, stationOnline: false })).toMatchObject({ title: 'stopping', text: 'stoppingOfflineText' });
  });

  it('says so when the station does not stop, and what to do, instead of stopping for ever', () => {
    expect(words('Charging', null, true, true)).toEqual({ title: 'stopFailedTitle', text: 'stopFailedText', tone: 'bad' });
  });

  it('says who ended it', () => {
    expect(['Limit', 'Driver', 'Operator', 'Group', 'Local', 'Remote'].map(endReason)).toEqual([
      'reasonLimit',
      'reasonDriver',
      'reasonOperator',
      'reasonGroup',
      'reasonLocal',
      'reasonRemote',
    ]);
    expect([endReason('Gremlins'), endReason(null)]).toEqual([undefined, undefined]);
  });

  it('runs, is over, or is on its way', () => {
    expect(states.filter(isRunning)).toEqual(['Charging', 'Suspended', 'Full']);
    expect(states.filter(isOver)).toEqual(['Ended', 'Unplugged', 'Refused', 'Lapsed', 'Cancelled']);
    expect(states.filter(isStoppable)).toEqual(['Starting', 'PlugIn', 'Charging', 'Suspended', 'Full']);
  });
});

describe('a reservation in words', () => {
  it('says who ended it: a reservation that was taken away is not told as given back', () => {
    const end = (reason: string | null) => reservationEnd({ state: 'Cancelled', reason });
    expect(['ByDriver', 'ByOperator', 'TakenByOther', 'EvseOutOfService', 'StationRetired', 'Gremlins'].map(end)).toEqual([
      'reservationCancelled',
      'reservationByOperator',
      'reservationTaken',
      'reservationOutOfService',
      'reservationOutOfService',
      'reservationByOperator',
    ]);
    expect(reservationEnd({ state: 'Used', reason: null })).toBe('reservationUsed');
    expect(reservationEnd({ state: 'Expired', reason: 'NoShow' })).toBe('reservationExpired');
  });
});

describe('a problem in words', () => {
  const t = translator(en);
  const said = (status: number, word: string, seconds = 0) => problemText(new ApiError(status, word, seconds), t, 'reserveRefused');

  it('tells whoever lost the race why, and what to do', () => {
    expect(said(409, 'evse-reserved')).toBe(en.reserveTaken);
    expect(said(409, 'token-has-reservation')).toBe(en.reserveOneOnly);
    expect(said(409, 'no-such-word')).toBe(en.reserveRefused);
  });

  it('tells a short wait in seconds and a long one in minutes', () => {
    expect(said(429, 'too-many-requests', 120)).toContain('Wait 120 seconds');
    expect(said(429, 'too-many-requests', 121)).toContain('Wait 3 minutes');
  });
});

describe('figures', () => {
  const plain = (text: string): string => text.replaceAll(/[\u00a0\u202f]/g, ' ');
  it('reads as the language writes it', () => {
    expect(plain(new Formats('en').energy(12_345))).toBe('12.35 kWh');
    expect(plain(new Formats('de').exactEnergy(12_300))).toBe('12,300 kWh');
    expect(plain(new Formats('fr').money({ amount: '12.5', currency: 'EUR' }))).toBe('12,50 €');
    expect(plain(new Formats('de').price('0.4875', 'EUR'))).toBe('0,4875 €');
    expect(plain(new Formats('nl').percent(80))).toBe('80%');
  });

  it('counts hours only when there are some, and never below zero', () => {
    const { duration } = new Formats('en');
    expect([duration(0), duration(59.9), duration(309), duration(3_909), duration(-5)]).toEqual([
      '0:00',
      '0:59',
      '5:09',
      '1:05:09',
      '0:00',
    ]);
  });

  it('tells the time of the place, and of the phone when the place is in no zone it knows', () => {
    const formats = new Formats('en-GB');
    expect(formats.time('2026-11-23T10:00:00Z', 'Europe/Amsterdam')).toBe('11:00');
    expect(formats.time('2026-11-23T10:00:00Z', 'Nowhere/Town')).toMatch(/^\d\d:\d\d$/);
  });
});
