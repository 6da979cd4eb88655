import type { RoamingAnswer, RoamingAuthorizer } from '@voltlog/authorization-domain';
import { describe, expect, it } from 'vitest';
import { RoamingDesk } from './roaming-desk.js';

const QUESTION = { idToken: 'NLTNMC00122045K', type: 'eMAID', stationId: 'S1', siteId: '', evseId: 1 };
const OPTIONS = { deadlineMs: 50, cacheMs: 60_000, away: 'accept-known', staleMs: 3_600_000 } as const;

/** A provider that says what it is told to, or nothing at all. */
class Provider implements RoamingAuthorizer {
  asked = 0;
  aborted = 0;
  answer: RoamingAnswer | undefined | 'silent' | 'broken' = { allowed: true, status: 'Accepted', contractId: 'P-1' };

  authorize(_question: unknown, signal: AbortSignal): Promise<RoamingAnswer | undefined> {
    this.asked += 1;
    signal.addEventListener('abort', () => (this.aborted += 1));
    const { answer } = this;
    if (answer === 'silent') return new Promise(() => undefined);
    return answer === 'broken' ? Promise.reject(new Error('502')) : Promise.resolve(answer);
  }
}

const open = (options: Partial<ConstructorParameters<typeof RoamingDesk>[1]> = {}) => {
  const provider = new Provider();
  const clock = { ms: Date.parse('2026-11-02T08:00:00Z'), now: () => clock.ms };
  const desk = new RoamingDesk(provider, { ...OPTIONS, ...options }, clock, { warn: () => undefined });
  return { provider, clock, desk, ask: () => desk.ask(QUESTION) };
};

describe('the desk for roaming tokens', () => {
  it('is for types that roam, and closed without a provider', () => {
    const { desk } = open();
    expect(['eMAID', 'ISO14443', 'Local', 'KeyCode', 'DirectPayment', 'MacAddress'].map((type) => desk.isFor(type))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    const none = new RoamingDesk(undefined, OPTIONS, { now: () => 0 }, { warn: () => undefined });
    expect(none.isFor('eMAID')).toBe(false);
  });

  it('asks once for the time that an answer stands', async () => {
    const { provider, clock, ask } = open();
    const yes = { status: 'Accepted', reason: 'RoamingAccepted', contractId: 'P-1', cacheExpiresAt: '2026-11-02T08:01:00.000Z' };
    expect(await Promise.all([ask(), ask()])).toEqual([yes, yes]);
    clock.ms += 59_999;
    await ask();
    expect(provider.asked).toBe(1);
    clock.ms += 1;
    await ask();
    expect(provider.asked).toBe(2);
  });

  it('asks again about another type or location, not about another EVSE there', async () => {
    const { provider, desk } = open();
    await desk.ask({ ...QUESTION, siteId: 'north' });
    await desk.ask({ ...QUESTION, siteId: 'north', stationId: 'S2', evseId: 2 });
    expect(provider.asked).toBe(1);
    provider.answer = { allowed: false, status: 'NotAtThisLocation' };
    expect(await desk.ask({ ...QUESTION, siteId: 'south' })).toMatchObject({ status: 'NotAtThisLocation' });
    expect(await desk.ask({ ...QUESTION, type: 'ISO14443', siteId: 'north' })).toMatchObject({ status: 'NotAtThisLocation' });
    expect(await desk.ask({ ...QUESTION, siteId: 'north' })).toMatchObject({ status: 'Accepted' });
    expect(provider.asked).toBe(3);
    await desk.ask(QUESTION);
    await desk.ask({ ...QUESTION, stationId: 'S2' });
    expect(provider.asked).toBe(5);
  });

  it('hands on a refusal, and says nothing of a token that no partner knows', async () => {
    const { provider, clock, ask } = open();
    provider.answer = { allowed: false, status: 'NoCredit' };
    expect(await ask()).toEqual({ status: 'NoCredit', reason: 'RoamingRefused' });
    clock.ms += 60_000;
    provider.answer = undefined;
    expect(await ask()).toBeUndefined();
  });

  it.each(['silent', 'broken'] as const)('by a provider that is %s lets in whom it let in before, for a time', async (how) => {
    const { provider, clock, ask } = open();
    await ask();
    provider.answer = how;
    clock.ms += 3_599_999;
    expect(await ask()).toEqual({ status: 'Accepted', reason: 'RoamingUnavailable', contractId: 'P-1' });
    expect(provider.aborted).toBe(how === 'silent' ? 1 : 0);
    clock.ms += 1;
    expect(await ask()).toEqual({ status: 'Unknown', reason: 'RoamingUnavailable' });
  });

  it('lets nobody in while the provider is away where that is the rule', async () => {
    const { provider, clock, ask } = open({ away: 'reject' });
    await ask();
    provider.answer = 'broken';
    clock.ms += 60_000;
    expect(await ask()).toEqual({ status: 'Unknown', reason: 'RoamingUnavailable' });
  });
});
