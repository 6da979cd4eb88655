import { z } from 'zod';

/** The environment of the device service. */
export const deviceConfig = z
  .object({
    /** Stations whose access data are kept in memory; some 400 bytes each. */
    DEVICE_STATIONS_IN_MEMORY: z.coerce.number().int().min(100).max(5_000_000).default(50_000),
    /** Cost of scrypt for passwords that people choose; a power of two. */
    DEVICE_SCRYPT_N: z.coerce
      .number()
      .int()
      .min(1_024)
      .max(131_072)
      .refine((n) => Number.isInteger(Math.log2(n)), 'must be a power of two')
      .default(16_384),
  })
  .transform((env) => ({ stationsInMemoryMax: env.DEVICE_STATIONS_IN_MEMORY, scryptN: env.DEVICE_SCRYPT_N }));

export type DeviceConfig = z.output<typeof deviceConfig>;
