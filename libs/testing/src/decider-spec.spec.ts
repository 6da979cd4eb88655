import { type Decider, decided, refused } from '@voltlog/kernel';
import { describe, expect, it } from 'vitest';
import { given } from './decider-spec.js';

type Event = { readonly type: 'Opened' } | { readonly type: 'Closed' };

const door: Decider<'open' | 'close' | 'look', { readonly open: boolean }, Event, { readonly code: string; readonly by: string }> = {
  initialState: { open: false },
  decide: (command, { open }) => {
    if (command === 'look') return decided();
    if (command === 'open') return open ? refused({ code: 'AlreadyOpen', by: 'door' }) : decided({ type: 'Opened' as const });
    return decided({ type: 'Closed' as const });
  },
  evolve: (_, event) => ({ open: event.type === 'Opened' }),
};

describe('given', () => {
  it('lets a right expectation through', () => {
    given(door).when('open').then({ type: 'Opened' });
    given(door, { type: 'Opened' }).when('open').thenRefuses('AlreadyOpen');
    given(door, { type: 'Opened' }).when('open').thenRefuses({ code: 'AlreadyOpen', by: 'door' });
    given(door).when('look').thenNothing();
    given(door).and({ type: 'Opened' }, { type: 'Closed' }).when('open').then({ type: 'Opened' });
    given(door, { type: 'Opened' }).thenState({ open: true });
    expect(given(door).state).toBe(door.initialState);
  });

  it('stops a wrong one', () => {
    expect(() => given(door).when('open').then({ type: 'Closed' })).toThrow();
    expect(() =>
      given(door)
        .when('open')
        .then(...([] as Event[])),
    ).toThrow();
    expect(() => given(door).when('open').thenNothing()).toThrow();
    expect(() => given(door).when('open').thenRefuses('AlreadyOpen')).toThrow();
    expect(() => given(door, { type: 'Opened' }).when('open').thenRefuses('Locked')).toThrow();
    expect(() => given(door, { type: 'Opened' }).when('open').thenRefuses({ code: 'AlreadyOpen', by: 'me' })).toThrow();
    expect(() => given(door, { type: 'Opened' }).when('open').then({ type: 'Opened' })).toThrow();
    expect(() => given(door).thenState({ open: true })).toThrow();
  });
});
