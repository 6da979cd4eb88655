export interface GenerateOptions {
  /** Make all, fresh or not. */
  readonly force?: boolean;
  /** Make nothing, only tell what is stale. */
  readonly check?: boolean;
  readonly log?: (line: string) => void;
}

/**
 * Makes the validators and types of every OCPP version from the official schemas.
 *
 * @returns the folders that were made, or with `check` those that are stale
 */
export function generateOcppSchemas(options?: GenerateOptions): Promise<string[]>;
