import os from 'node:os';

// Node has the former since 18.14.
const cores = os.availableParallelism?.() ?? os.cpus().length;

/**
 * Flags of Node for the programs of the platform. V8 collects garbage and compiles on four threads beside the main one, however many cores there
 * are: more than are free only wait for each other, on two cores for 3 % of the CPU of a loaded platform.
 */
export const NODE_FLAGS = ['--disable-warning=ExperimentalWarning', `--v8-pool-size=${Math.min(4, Math.max(1, cores - 1))}`];
