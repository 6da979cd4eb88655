import { isoTime } from '@voltlog/kernel';
import type { Notification, NotificationKind } from '@voltlog/notification-contract';
import { describe, expect, it } from 'vitest';
import { type AlertWindow, endAlertWindow, hearAlert } from './alert-repeats.js';

const START = Date.parse('2026-07-01T18:00:00.000Z');
const LENGTH_MS = 900_000;

/** What one alert is told of, minute by minute. */
class Told {
  window: AlertWindow | undefined;
  private made = 0;

  hear(minute: number, kind: NotificationKind, severity?: number): string {
    this.made += 1;
    const at = isoTime(START + minute * 60_000);
    const alert = { alertId: 'CP-1:1', ...(severity === undefined ? {} : { severity }) };
    const notification: Notification = { notificationId: `n-${this.made}`, kind, at, recordedAt: at, stationId: 'CP-1', evseId: 0, alert };
    return this.say(hearAlert(this.window, notification, START + minute * 60_000, LENGTH_MS));
  }

  end(minute: number): string {
    if (this.window === undefined) throw new Error('there is no window');
    return this.say(endAlertWindow(this.window, START + minute * 60_000, LENGTH_MS));
  }

  private say({ tell, window }: ReturnType<typeof hearAlert>): string {
    this.window = window;
    return tell === undefined ? '-' : `${tell.kind}${tell.alert?.times === undefined ? '' : ` x${tell.alert.times}`}`;
  }
}

describe('an alert that comes again and again', () => {
  it('is told at first, and that it is over; then once at the end of the window, with how often it came', () => {
    const told = new Told();
    expect([told.hear(0, 'AlertOpened', 4), told.hear(1, 'AlertCleared')]).toEqual(['AlertOpened', 'AlertCleared']);
    for (let minute = 2; minute < 14; minute += 2)
      expect([told.hear(minute, 'AlertOpened', 4), told.hear(minute + 1, 'AlertCleared')]).toEqual(['-', '-']);
    expect(told.hear(14, 'AlertOpened', 4)).toBe('-');
    expect(told.end(14.999)).toBe('-');
    expect(told.end(15)).toBe('AlertOpened x7');
    // The next window: nothing before its end.
    expect([told.hear(16, 'AlertCleared'), told.hear(17, 'AlertOpened', 4), told.hear(18, 'AlertCleared')]).toEqual(['-', '-', '-']);
    expect(told.end(30)).toBe('AlertCleared x1');
    expect(told.end(45)).toBe('-');
    expect(told.window).toBeUndefined();
    expect(told.hear(46, 'AlertOpened', 4)).toBe('AlertOpened');
  });

  it('is told that it is over alone, when it did not come again', () => {
    const told = new Told();
    expect([told.hear(0, 'AlertOpened', 4), told.end(15), told.hear(100, 'AlertCleared')]).toEqual(['AlertOpened', '-', 'AlertCleared']);
    expect(told.window).toBeUndefined();
    expect([
      told.hear(101, 'AlertOpened', 4),
      told.hear(102, 'AlertCleared'),
      told.hear(103, 'AlertOpened', 4),
      told.hear(104, 'AlertCleared'),
    ]).toEqual(['AlertOpened', 'AlertCleared', '-', '-']);
  });

  it('is told at once when it is worse than all that was told, and then that it is over', () => {
    const told = new Told();
    expect([told.hear(0, 'AlertOpened', 4), told.hear(1, 'AlertCleared'), told.hear(2, 'AlertOpened', 4)]).toEqual([
      'AlertOpened',
      'AlertCleared',
      '-',
    ]);
    expect([told.hear(3, 'AlertRaised', 3), told.hear(4, 'AlertCleared')]).toEqual(['AlertRaised x1', 'AlertCleared']);
    expect([told.hear(5, 'AlertOpened', 3), told.hear(6, 'AlertCleared'), told.hear(7, 'AlertOpened', 0)]).toEqual([
      '-',
      '-',
      'AlertOpened x2',
    ]);
    expect(told.hear(8, 'AlertCleared')).toBe('AlertCleared');
    expect(told.end(15)).toBe('-');
  });

  it('and got worse, is told as one that came up to who is told of those alone', () => {
    const told = new Told();
    expect([told.hear(0, 'AlertOpened', 3), told.hear(1, 'AlertCleared')]).toEqual(['AlertOpened', 'AlertCleared']);
    expect([told.hear(2, 'AlertOpened', 5), told.hear(3, 'AlertRaised', 4), told.end(15)]).toEqual(['-', '-', 'AlertOpened x1']);
    expect([told.hear(16, 'AlertRaised', 3), told.end(30)]).toEqual(['-', 'AlertRaised']);
  });

  it('is told with what comes next, should nobody have looked at the end of the window', () => {
    const told = new Told();
    for (const minute of [0, 2, 4]) {
      told.hear(minute, 'AlertOpened', 4);
      told.hear(minute + 1, 'AlertCleared');
    }
    expect(told.hear(20, 'AlertOpened', 4)).toBe('AlertOpened x3');
    expect([told.hear(21, 'AlertCleared'), told.end(35)]).toEqual(['-', 'AlertCleared']);
  });

  it('that says nothing of how bad it is, is no worse than any', () => {
    const told = new Told();
    expect([told.hear(0, 'AlertOpened'), told.hear(1, 'AlertCleared'), told.hear(2, 'AlertOpened')]).toEqual([
      'AlertOpened',
      'AlertCleared',
      '-',
    ]);
    expect(told.hear(3, 'AlertRaised', 8)).toBe('AlertRaised x1');
  });
});
