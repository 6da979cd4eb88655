/** Stations that go together, as a share of all or in number. */
export interface Wave {
  /** Of all stations; above 0 `stations` does not count. */
  readonly percent: number;
  readonly stations: number;
  /** How long nothing begins after the wave is through. */
  readonly pauseMinutes: number;
}

/** Work on many stations that goes wave by wave. */
export interface InWaves {
  readonly waves: readonly Wave[];
  /** The newest wave that has begun; 0: none. */
  readonly wave: number;
  /** Waves that are through. */
  readonly wavesEnded: number;
  /** When that changed last, ISO 8601; empty: never. */
  readonly waveAt: string;
}

/** When the next wave may begin, milliseconds since the epoch; undefined: the one before is not through. */
export function nextWaveAt({ wave, wavesEnded, waves, waveAt }: InWaves): number | undefined {
  if (wave === 0) return 0;
  if (wavesEnded < wave) return undefined;
  return Date.parse(waveAt) + (waves[wave - 1]?.pauseMinutes ?? 0) * 60_000;
}

export function mayStartWave(work: InWaves, now: number): boolean {
  const at = nextWaveAt(work);
  return at !== undefined && at <= now;
}

/** Whether so many of those that are through failed that nothing further should begin; a threshold of 0 percent is none. */
export const stopsAtFailed = (
  { stopAtFailedPercent, stopAtFailedMin }: { readonly stopAtFailedPercent: number; readonly stopAtFailedMin: number },
  { failed, ended }: { readonly failed: number; readonly ended: number },
): boolean => stopAtFailedPercent > 0 && failed >= Math.max(1, stopAtFailedMin) && 100 * failed >= stopAtFailedPercent * ended;

/**
 * How many stations are in each wave. What is left over is in the last one, whatever that says; no wave but the last is empty while there are
 * stations.
 *
 * @returns as many as there are waves
 */
export function waveSizes(waves: readonly Pick<Wave, 'percent' | 'stations'>[], stationCount: number): readonly number[] {
  let left = stationCount;
  return waves.map(({ percent, stations }, index) => {
    const wanted = percent > 0 ? Math.max(1, Math.round((stationCount * percent) / 100)) : stations;
    const size = index === waves.length - 1 ? left : Math.min(left, wanted);
    left -= size;
    return size;
  });
}
