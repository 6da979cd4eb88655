/**
 * How Node runs Voltlog. A young generation of three times 32 MB instead of 16: half as many collections, and what waits for the disk does not live
 * through so many of them that it counts as old. The image says the same (k8s/images/Dockerfile).
 */
export const NODE_FLAGS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=32'];
