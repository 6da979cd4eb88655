import type { MoveBefore, MoveKeys, MoveTarget } from '@voltlog/device-contract';
import { filled } from '@voltlog/device-domain';
import { connectionV1 } from '@voltlog/proto';
import { AddressSteps, done, firstOf, type Stepped, slotsOf, stepped, variable } from '../security/address-steps.js';
import type { StationLine } from '../security/station-line.js';

const PRIORITY = 'NetworkConfigurationPriority';

/** The keys of a 1.6 station's make; undefined: the target names none for it. */
export const keysOf = (target: MoveTarget, vendor: string): MoveKeys['keys'] | undefined =>
  target.keys.find((each) => each.vendor === '' || each.vendor.toLowerCase() === vendor.toLowerCase())?.keys;

/** What is said to stations that move. A station goes with its next start; until then nothing has changed for it. */
export class MoveSteps {
  private readonly addresses: AddressSteps;

  constructor(private readonly line: Pick<StationLine, 'say'>) {
    this.addresses = new AddressSteps(line);
  }

  /** Network profiles of OCPP 2.x. Source: OCPP 2.0.1 Part 2 B09, B10. */
  async before2(stationId: string, slot: number): Promise<Stepped<MoveBefore>> {
    const read = await this.read(stationId, 'OCPPCommCtrlr', [PRIORITY]);
    if (read.kind !== 'done') return read;
    const priority = read.value[0] ?? '';
    // It may be connected by any of them, and falls back on the others.
    if (slotsOf(priority).includes(`${slot}`))
      return { kind: 'refused', reason: `slot ${slot} is one of those that the station uses (${priority}): name another` };
    return done({ priority, keys: [] });
  }

  /**
   * Keys of OCPP 1.6 have no names in common: what they were is what brings the station back.
   *
   * @param keys as the plan names them; undefined: those of the catalogue that the station has
   */
  async before16(stationId: string, vendor: string, keys: MoveKeys['keys'] | undefined): Promise<Stepped<MoveBefore>> {
    if (keys === undefined) {
      const read = await this.addresses.read(stationId, vendor);
      return read.kind === 'done' ? done({ priority: '', keys: read.value }) : read;
    }
    const read = await this.read(
      stationId,
      '',
      keys.map(({ key }) => key),
    );
    if (read.kind !== 'done') return read;
    return done({ priority: '', keys: keys.map(({ key }, index) => ({ key, value: read.value[index] ?? '' })) });
  }

  /** The target's profile, and it first; the others stay behind it, so that the station comes back by itself. */
  async point2(
    stationId: string,
    { slot, csmsUrl, securityProfile, messageTimeoutSeconds }: MoveTarget,
    before: MoveBefore,
  ): Promise<Stepped> {
    const value = { slot, csmsUrl: filled(csmsUrl, stationId), securityProfile, messageTimeoutSeconds, ocppInterface: '' };
    const profile = stepped(await this.line.say(stationId, { $case: 'setNetworkProfile', value }));
    if (profile.kind !== 'done') return profile;
    return this.set(stationId, 'OCPPCommCtrlr', [{ key: PRIORITY, value: firstOf(slot, before.priority) }]);
  }

  point16(stationId: string, keys: MoveKeys['keys'] | undefined, { csmsUrl }: MoveTarget, before: MoveBefore): Promise<Stepped> {
    if (keys === undefined) return this.addresses.point(stationId, before.keys, csmsUrl);
    return this.addresses.write(
      stationId,
      keys.map(({ key, value }) => ({ key, value: filled(value, stationId) })),
    );
  }

  /** After the transactions that run. */
  async restart(stationId: string): Promise<Stepped> {
    return stepped(await this.line.say(stationId, { $case: 'reset', value: { type: connectionV1.ResetType.ON_IDLE, evseId: 0 } }));
  }

  restore(stationId: string, { priority, keys }: MoveBefore): Promise<Stepped> {
    return priority === ''
      ? this.addresses.write(stationId, keys)
      : this.set(stationId, 'OCPPCommCtrlr', [{ key: PRIORITY, value: priority }]);
  }

  private async read(stationId: string, component: string, names: readonly string[]): Promise<Stepped<readonly string[]>> {
    const variables = names.map((name) => variable(component, name, ''));
    const said = await this.line.say(stationId, { $case: 'getVariables', value: { variables } });
    if (said.kind === 'away') return said;
    if (said.kind === 'refused') return { kind: 'refused', reason: said.reason };
    const values: string[] = [];
    for (const name of names) {
      const result = said.response.variables.find((each) => each.variable?.name === name);
      const value = result?.variable?.value ?? '';
      // An empty value is no way back: written again, it would lock the station out.
      if (result?.status !== 'Accepted' || value === '') return { kind: 'refused', reason: `the station does not tell its ${name}` };
      values.push(value);
    }
    return done(values);
  }

  private async set(stationId: string, component: string, values: MoveKeys['keys']): Promise<Stepped> {
    const variables = values.map(({ key, value }) => variable(component, key, value));
    return stepped(await this.line.say(stationId, { $case: 'setVariables', value: { variables } }));
  }
}
