import { hashChosenPassword, hashMadePassword, makePassword } from '../commands/passwords.js';
import type { StationExecution } from '../store/device-repository.js';
import { type Credential, changeIdOf, type Given, type PasswordChanges } from './password-change.js';

export interface PasswordsByHandParts {
  /** undefined: no key is configured to seal one by, so that one that is made is told once, whatever becomes of the answer. */
  readonly passwords: PasswordChanges | undefined;
  readonly scryptN: number;
}

/** `chosen` empty: one is made. `repeatable` false: nobody can ask again under this cause, so that nothing is kept for that. */
export interface WantedByHand {
  readonly stationId: string;
  readonly chosen: string;
  readonly causationId: string;
  readonly repeatable: boolean;
}

/** Passwords that somebody sets at the station. */
export class PasswordsByHand {
  constructor(private readonly parts: PasswordsByHandParts) {}

  /**
   * @param commit makes it count, under the same cause
   * @returns `password`: the one that was made, also to a repetition, whose first answer may be lost; empty: it was chosen, or counts no more
   */
  async set(
    { stationId, chosen, causationId, repeatable }: WantedByHand,
    commit: (credential: Credential) => Promise<StationExecution>,
  ): Promise<Given> {
    const { passwords, scryptN } = this.parts;
    if (chosen === '' && repeatable && passwords !== undefined) return passwords.setByHand(stationId, causationId, commit);
    const made = chosen === '' ? makePassword() : '';
    const passwordHash = made === '' ? await hashChosenPassword(chosen, scryptN) : hashMadePassword(made);
    const execution = await commit({ changeId: changeIdOf(stationId, causationId), passwordHash });
    return { execution, password: execution.outcome === 'committed' ? made : '' };
  }
}
