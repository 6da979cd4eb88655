import { filled } from './station-move.decider.js';

/** What an OCPP 1.6 station keeps the address of its CSMS in: one key, or one for `wss://host:port` and one for the path. */
export interface AddressGroup {
  readonly address: string;
  /** Undefined: `address` holds the whole address. */
  readonly path?: string;
}

/** The keys of one make or firmware. OCPP 1.6 names none for it. */
export interface AddressKeys {
  readonly make: string;
  /** The beginning of `chargePointVendor`, whatever its case; empty: a firmware that many makes use. */
  readonly vendor: string;
  /** Those that a station is set to are changed; a station may have several, of which it uses one. */
  readonly groups: readonly AddressGroup[];
  /** Who says so. */
  readonly source: string;
}

/** Facts that somebody published; what is not known for sure is not here, and is named by the plan of a move. */
export const ADDRESS_KEYS: readonly AddressKeys[] = [
  {
    make: 'Alfen',
    vendor: 'alfen',
    // The wired and the mobile network have an address each; up to firmware 5, since network profiles came with 6.
    groups: [
      { address: 'BackOffice-URL-wired', path: 'BackOffice-Path-wired' },
      { address: 'BackOffice-URL-APN', path: 'BackOffice-Path-APN' },
    ],
    source: 'public clients that set both keys of each network by ChangeConfiguration, and join them to the address',
  },
  {
    make: 'Evnex',
    vendor: 'evnex',
    groups: [{ address: 'OCPPEndPoint' }],
    source: 'public simulators of Evnex stations, which take their address from this key',
  },
  {
    make: 'EVerest (libocpp)',
    vendor: '',
    groups: [{ address: 'CentralSystemURI' }],
    // Writable since then, with RebootRequired; the maker of the station may have left it read-only.
    source: 'https://github.com/EVerest/libocpp/pull/900',
  },
  {
    make: 'MicroOcpp',
    vendor: '',
    groups: [{ address: 'Cst_BackendUrl' }],
    source: 'https://github.com/matth-x/MicroOcpp/issues/394, and the examples of MicroOcppMongoose',
  },
];

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** A key as a station has told it. */
export interface ToldKey extends KeyValue {
  readonly readonly: boolean;
}

/** What may hold the address of a station of this vendor: its make's own keys, else those of the firmwares that many use. */
export function addressGroupsOf(vendor: string): readonly AddressGroup[] {
  const own = ADDRESS_KEYS.filter((each) => each.vendor !== '' && vendor.toLowerCase().startsWith(each.vendor));
  return (own.length > 0 ? own : ADDRESS_KEYS.filter((each) => each.vendor === '')).flatMap(({ groups }) => groups);
}

/** Every key of these groups. */
export const keysIn = (groups: readonly AddressGroup[]): readonly string[] =>
  groups.flatMap(({ address, path }) => (path === undefined ? [address] : [address, path]));

/**
 * What the station is set to now, of the keys that hold its address: what brings it back.
 *
 * @param told what it answered when it was asked for all of them; a key it does not know is not there
 * @returns empty: none of them holds an address that may be changed
 */
export function addressBefore(groups: readonly AddressGroup[], told: readonly ToldKey[]): readonly KeyValue[] {
  const known = new Map(told.map((each) => [each.key, each]));
  return groups.flatMap(({ address, path }) => {
    const at = known.get(address);
    const behind = path === undefined ? undefined : known.get(path);
    // An empty address is no way back: written again, it would lock the station out.
    if (at === undefined || at.readonly || at.value === '') return [];
    if (path !== undefined && (behind === undefined || behind.readonly)) return [];
    return [at, behind].flatMap((each) => (each === undefined ? [] : [{ key: each.key, value: each.value }]));
  });
}

/**
 * The same keys with another address.
 *
 * @param url `ws(s)://host/path` without the station's id, which it adds itself; `{stationId}` in it stands for the id
 */
export function addressAfter(before: readonly KeyValue[], url: string, stationId: string): readonly KeyValue[] {
  const whole = filled(url, stationId);
  const [, origin = whole, path = ''] = /^(wss?:\/\/[^/?]+)(.*)$/.exec(whole) ?? [];
  const keys = new Set(before.map(({ key }) => key));
  return ADDRESS_KEYS.flatMap(({ groups }) => groups)
    .filter(({ address }) => keys.has(address))
    .flatMap((group) =>
      group.path === undefined
        ? [{ key: group.address, value: whole }]
        : [
            { key: group.address, value: origin },
            { key: group.path, value: path || '/' },
          ],
    );
}
