import type { ChangeStation, StationState } from '@voltlog/device-domain';
import { RequestError } from '@voltlog/kernel';
import { hashChosenPassword } from '../commands/passwords.js';
import type { DeviceRepository } from '../store/device-repository.js';
import type { Given, PasswordChanges } from './password-change.js';
import type { StationLine } from './station-line.js';

export interface AcceptanceParts {
  readonly repository: Pick<DeviceRepository, 'onStation' | 'station'>;
  readonly line: Pick<StationLine, 'connectionOf'>;
  /** undefined: no key is configured to seal one by. */
  readonly passwords: PasswordChanges | undefined;
  readonly scryptN: number;
}

/**
 * Lets stations out of quarantine, each with a password that counts from then on: nobody knows the one that it shows, so without one of
 * its own it could not come back.
 */
export class Acceptance {
  constructor(private readonly parts: AcceptanceParts) {}

  /**
   * @param chosen empty: one is made where the station needs one
   * @returns `password`: the one that was made, also to a repetition, whose first answer may be lost; empty: none was
   * @throws {RequestError} `NoSecretKey`: it could not be kept until the station has it; nothing happened
   */
  async accept(stationId: string, command: ChangeStation, chosen: string, causationId: string): Promise<Given> {
    const { repository, passwords, scryptN } = this.parts;
    const state = await repository.station(stationId);
    if (!(await this.needsOne(state, chosen))) {
      const execution = await repository.onStation(stationId, command, causationId);
      return { execution, password: (await passwords?.madeBy(stationId, causationId, execution)) ?? '' };
    }
    if (passwords === undefined)
      throw new RequestError(
        'FAILED_PRECONDITION',
        'a password on its way to a station is sealed, and DEVICE_SECRET_KEY is not set: accept it without one, then set one',
        'NoSecretKey',
      );
    const given = chosen === '' ? undefined : { password: chosen, passwordHash: await hashChosenPassword(chosen, scryptN) };
    return passwords.accept(stationId, command, given, causationId);
  }

  private async needsOne(state: StationState, chosen: string): Promise<boolean> {
    if (state.kind === 'none' || state.lifecycle !== 'Quarantined') return false;
    if (chosen !== '') return true;
    if (state.passwordHash !== '' || state.security.offered !== null) return false;
    const connection = await this.parts.line.connectionOf(state.stationId);
    return connection === undefined || connection.securityProfile === 1 || connection.securityProfile === 2;
  }
}
