import type { Limit, Money } from '../api/types.js';

/** Numbers, money and times as one reads them in a language. */
export class Formats {
  private readonly one: Intl.NumberFormat;
  private readonly two: Intl.NumberFormat;
  private readonly three: Intl.NumberFormat;
  private readonly percentage: Intl.NumberFormat;

  constructor(readonly language: string) {
    this.one = new Intl.NumberFormat(language, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
    this.two = new Intl.NumberFormat(language, { maximumFractionDigits: 2, minimumFractionDigits: 2 });
    this.three = new Intl.NumberFormat(language, { maximumFractionDigits: 3, minimumFractionDigits: 3 });
    this.percentage = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
  }

  /** Enough to see it move. */
  energy(wh: number): string {
    return `${this.two.format(wh / 1_000)}\u00a0kWh`;
  }

  /** To the Wh, as on a meter. */
  exactEnergy(wh: number): string {
    return `${this.three.format(wh / 1_000)}\u00a0kWh`;
  }

  power(w: number): string {
    return `${this.one.format(w / 1_000)}\u00a0kW`;
  }

  /** @param percent 0 to 100 */
  percent(percent: number): string {
    return this.percentage.format(percent / 100);
  }

  money({ amount, currency }: Money, digits?: number): string {
    return new Intl.NumberFormat(this.language, {
      style: 'currency',
      currency,
      ...(digits === undefined ? {} : { maximumFractionDigits: digits }),
    }).format(Number(amount));
  }

  /** A price may have more places than a sum: 0.4875 per kWh. */
  price(amount: string, currency: string): string {
    return this.money({ amount, currency }, 4);
  }

  /** @param at ISO 8601; in the time zone of the place where it is known */
  time(at: string, timeZone?: string | null): string {
    return this.dated(at, { hour: '2-digit', minute: '2-digit' }, timeZone);
  }

  moment(at: string, timeZone?: string | null): string {
    return this.dated(at, { dateStyle: 'medium', timeStyle: 'short' }, timeZone);
  }

  day(at: string): string {
    return this.dated(at, { dateStyle: 'long' });
  }

  /** `1:05:09`, `5:09` */
  duration(seconds: number): string {
    const whole = Math.max(0, Math.floor(seconds));
    const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor((whole % 3_600) / 60), whole % 60];
    const two = (value: number): string => String(value).padStart(2, '0');
    return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
  }

  /** The limits that are set, joined. */
  limit(limit: Limit): string {
    const parts = [
      limit.energyWh === undefined ? undefined : `${new Intl.NumberFormat(this.language).format(limit.energyWh / 1_000)}\u00a0kWh`,
      limit.durationSeconds === undefined
        ? undefined
        : `${new Intl.NumberFormat(this.language).format(Math.max(1, Math.floor(limit.durationSeconds / 60)))}\u00a0min`,
      limit.cost === undefined ? undefined : this.money(limit.cost),
      limit.stateOfChargePercent === undefined ? undefined : this.percent(limit.stateOfChargePercent),
    ];
    return parts.filter((part) => part !== undefined).join(' · ');
  }

  private dated(at: string, options: Intl.DateTimeFormatOptions, timeZone?: string | null): string {
    try {
      return new Intl.DateTimeFormat(this.language, { ...options, ...(timeZone ? { timeZone } : {}) }).format(new Date(at));
    } catch {
      // A time zone this browser does not know: the driver's own is the next best.
      return new Intl.DateTimeFormat(this.language, options).format(new Date(at));
    }
  }
}
