import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 allocate every object in the young generation. By itself it may come to allocate those of some places in the code among the old ones, when
 * many of them once lived through a collection: here, facts that waited for the disk. Such a dead old object keeps all it refers to alive (the whole
 * parsed frame) until the old generation is collected, and each young collection copies that: four times the time in the collector, by chance from start to start.
 */
export function keepObjectsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
