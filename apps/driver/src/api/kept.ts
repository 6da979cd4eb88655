/** What this phone keeps: keys of what was begun here, the contract, the language. */
export interface Kept {
  readonly charges: readonly KeptKey[];
  readonly reservations: readonly KeptKey[];
  /** Keys of what this phone is notified of. */
  readonly told: readonly string[];
  readonly contract: { readonly key: string; readonly label: string; readonly expiresAt: string } | undefined;
  readonly language: string | undefined;
}

export interface KeptKey {
  readonly key: string;
  readonly evseUid: string;
  /** ms */
  readonly at: number;
}

const NAME = 'voltlog.driver';
/** Charges and reservations kept; the newest first. */
const KEPT_MAX = 10;
const NOTHING: Kept = { charges: [], reservations: [], told: [], contract: undefined, language: undefined };

/** What is kept; nothing where the browser keeps nothing, or somebody wrote nonsense. */
export function readKept(): Kept {
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(NAME) ?? '{}');
    return typeof parsed === 'object' && parsed !== null ? keptOf(parsed) : NOTHING;
  } catch {
    return NOTHING;
  }
}

export function keep(change: Partial<Kept>): void {
  try {
    localStorage.setItem(NAME, JSON.stringify({ ...readKept(), ...change }));
  } catch {
    // Private windows of some browsers keep nothing; the link in the address bar still opens the charge.
  }
}

export const keepCharge = (key: string, evseUid: string): void => keep({ charges: newest(readKept().charges, key, evseUid) });
export const keepReservation = (key: string, evseUid: string): void =>
  keep({ reservations: newest(readKept().reservations, key, evseUid) });
export const keepTold = (key: string): void => keep({ told: [key, ...readKept().told.filter((each) => each !== key)].slice(0, KEPT_MAX) });
export const forgetReservation = (key: string): void => keep({ reservations: readKept().reservations.filter((each) => each.key !== key) });

const newest = (list: readonly KeptKey[], key: string, evseUid: string): readonly KeptKey[] =>
  [{ key, evseUid, at: Date.now() }, ...list.filter((each) => each.key !== key)].slice(0, KEPT_MAX);

function keptOf(parsed: object): Kept {
  const field = (name: string): unknown => (name in parsed ? (parsed as Record<string, unknown>)[name] : undefined);
  const keys = (value: unknown): readonly KeptKey[] => (Array.isArray(value) ? value.filter(isKeptKey) : []);
  const contract = field('contract');
  const language = field('language');
  const told = field('told');
  return {
    charges: keys(field('charges')),
    reservations: keys(field('reservations')),
    told: Array.isArray(told) ? told.filter((key) => typeof key === 'string') : [],
    contract: isContract(contract) ? contract : undefined,
    language: typeof language === 'string' ? language : undefined,
  };
}

const isKeptKey = (value: unknown): value is KeptKey =>
  typeof value === 'object' && value !== null && 'key' in value && typeof value.key === 'string' && 'evseUid' in value;
const isContract = (value: unknown): value is NonNullable<Kept['contract']> =>
  typeof value === 'object' && value !== null && 'key' in value && typeof value.key === 'string' && 'label' in value;
