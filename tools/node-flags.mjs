import os from 'node:os';

// Node has the former since 18.14, the latter since 19.6.
const cores = os.availableParallelism?.() ?? os.cpus().length;
const memoryMb = Math.min(os.totalmem(), process.constrainedMemory?.() || Number.POSITIVE_INFINITY) / 1_048_576;

/** What V8 gives half of its young generation at most by itself, MB. */
const YOUNG_USUAL_MB = 64;
const YOUNG_MAX_MB = 128;
/** A half of the young generation has this part of the memory: with both halves, 3 % of it under load. */
const YOUNG_SHARE = 1 / 64;
const youngMb = Math.min(YOUNG_MAX_MB, Math.floor(memoryMb * YOUNG_SHARE));

/**
 * Flags of Node for every program. V8 collects garbage and compiles on four threads beside the main one, however many cores there are: more than are free
 * only wait for each other, on two cores for 3 % of the CPU of a loaded platform.
 */
export const NODE_FLAGS = ['--disable-warning=ExperimentalWarning', `--v8-pool-size=${Math.min(4, Math.max(1, cores - 1))}`];

/**
 * ... and for the platform in one process. What waits for the disk outlives a collection of the young generation and is copied by it; in a larger one there
 * are fewer, and an idle program does not grow to it. Services in processes of their own share the caches of the processor, and are dearer with it.
 */
export const PLATFORM_FLAGS = youngMb > YOUNG_USUAL_MB ? [`--max-semi-space-size=${youngMb}`] : [];
