import { OperatingError } from '@voltlog/kernel';
import type { SecretBox } from '@voltlog/outbound';
import type { Collection } from '@voltlog/store';
import type { Logger } from '@voltlog/telemetry';
import { Schema } from 'mongoose';
import { type AdmittedStation, isProven } from '../edge/parts.js';

/** How it is shown. Basic (RFC 7617) shows the password itself, and at once; Digest (RFC 7616) what only who knows it can say, once asked. */
export const SCHEMES = ['Basic', 'Digest'] as const;
export type Scheme = (typeof SCHEMES)[number];

/** What calls to a station are authenticated with. */
export interface CallCredentialRow {
  /** The station. */
  readonly id: string;
  readonly username: string;
  /** Sealed about the station. */
  readonly sealedPassword: string;
  /** Absent: Basic, as before there was another. */
  readonly scheme?: Scheme;
  readonly updatedAt: string;
}

const text = { type: String, required: true };

export const callCredentialSchema = new Schema<CallCredentialRow>(
  { id: text, username: text, sealedPassword: text, scheme: String, updatedAt: text } as never,
  { versionKey: false },
);

/** What a call to a station shows, or why nothing. */
export type Shown =
  | { readonly authorization: string }
  | { readonly digest: { readonly username: string; readonly password: string } }
  | { readonly nothing: 'NoneSet' | 'StationUnproven' };

/** It is set, and cannot be had now. The message is for who sent the command. */
export class CredentialUnavailable extends Error {
  override readonly name = 'CredentialUnavailable';
}

/** Passwords that operators have set for calls to stations. Read anew for each call: calls are few, and a change counts at once everywhere. */
export class CallCredentials {
  constructor(
    private readonly rows: Collection<CallCredentialRow>,
    private readonly box: SecretBox,
    private readonly logger: Logger,
  ) {}

  /**
   * A station says itself where it is called. So a password is shown only to one that is registered and has itself shown who it is:
   * else whoever takes its name would be handed it.
   *
   * Source: RFC 7617 §2, with UTF-8
   *
   * @throws {CredentialUnavailable}
   */
  async shownTo(station: AdmittedStation): Promise<Shown> {
    const row = await this.row(station.stationId);
    if (row === undefined) return { nothing: 'NoneSet' };
    if (!isProven(station)) return { nothing: 'StationUnproven' };
    const { username, scheme } = row;
    const password = this.passwordOf(row);
    if (scheme === 'Digest') return { digest: { username, password } };
    return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  }

  private async row(stationId: string): Promise<CallCredentialRow | undefined> {
    try {
      return await this.rows.get(stationId);
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      this.logger.warn({ err: error, station_id: stationId }, 'the password for calls to a station could not be read');
      throw new CredentialUnavailable('whether a password is set for calls to it cannot be looked up now');
    }
  }

  private passwordOf({ id, sealedPassword }: CallCredentialRow): string {
    try {
      return this.box.open(sealedPassword, id);
    } catch (error) {
      this.logger.error({ err: error, station_id: id }, 'the password for calls to a station cannot be decrypted');
      throw new CredentialUnavailable('the password set for calls to it cannot be decrypted: set it again');
    }
  }
}
