import { addressAfter, addressBefore, addressGroupsOf, type KeyValue, keysIn } from '@voltlog/device-domain';
import type { connectionV1 } from '@voltlog/proto';
import type { Said, StationLine } from './station-line.js';

/** What came of a step; `away`: the station could not be asked, or did not answer. */
export type Stepped<Value = undefined> =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'away' };

export const done = <Value>(value: Value): Stepped<Value> => ({ kind: 'done', value });

export function stepped(said: Said): Stepped {
  if (said.kind === 'accepted') return done(undefined);
  return said.kind === 'away' ? said : { kind: 'refused', reason: said.reason || said.response.stationStatus || 'the station refused' };
}

export const variable = (component: string, name: string, value: string): connectionV1.Variable => ({
  component,
  name,
  value,
  evseId: 0,
  instance: '',
});

/** The network profiles of a `NetworkConfigurationPriority` of OCPP 2.x. */
export const slotsOf = (priority: string): readonly string[] => priority.split(',').map((each) => each.trim());

/** The same with this one first. */
export const firstOf = (slot: number, priority: string): string =>
  [`${slot}`, ...slotsOf(priority).filter((each) => each !== '' && each !== `${slot}`)].join(',');

/** Brings an OCPP 1.6 station to another address by keys of its make, as the catalogue knows them. It goes with its next start. */
export class AddressSteps {
  constructor(private readonly line: Pick<StationLine, 'say'>) {}

  /** What it is set to now; refused: it has none of the keys that are known. Nothing is changed. */
  async read(stationId: string, vendor: string): Promise<Stepped<readonly KeyValue[]>> {
    const groups = addressGroupsOf(vendor);
    const keys = keysIn(groups);
    const variables = keys.map((key) => variable('', key, ''));
    const said = await this.line.say(stationId, { $case: 'getVariables', value: { variables } });
    if (said.kind === 'away') return said;
    const told =
      said.kind === 'refused'
        ? []
        : said.response.variables.flatMap(({ variable: of, status, readonly }) =>
            of === undefined || status !== 'Accepted' ? [] : [{ key: of.name, value: of.value, readonly }],
          );
    const before = addressBefore(groups, told);
    return before.length > 0
      ? done(before)
      : { kind: 'refused', reason: `none of the keys ${keys.join(', ')} holds an address that it lets change` };
  }

  point(stationId: string, before: readonly KeyValue[], url: string): Promise<Stepped> {
    return this.write(stationId, addressAfter(before, url, stationId));
  }

  async write(stationId: string, keys: readonly KeyValue[]): Promise<Stepped> {
    const variables = keys.map(({ key, value }) => variable('', key, value));
    return stepped(await this.line.say(stationId, { $case: 'setVariables', value: { variables } }));
  }
}
