import { randomInt } from 'node:crypto';

const MAX = 2 ** 40;

/**
 * The version of a document that is made and deleted again and again, to count on from: by chance, so that whoever still holds one that was
 * deleted cannot take the one made since for it.
 */
export const firstVersion = (): number => randomInt(1, MAX);
