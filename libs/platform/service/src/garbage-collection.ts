import { setFlagsFromString } from 'node:v8';

export const GARBAGE_COLLECTION_FLAGS = [
  /**
   * Has V8 allocate every object in the young generation. By itself it may come to allocate those of some places in the code among the old ones, when
   * many of them once lived through a collection: here, facts that waited for the disk. Such a dead old object keeps all it refers to alive (the whole
   * parsed frame) until the old generation is collected, and each young collection copies that: four times the time in the collector, by chance from start to start.
   */
  '--no-allocation-site-pretenuring',
  /**
   * Has V8 begin to collect the old generation when so many per cent of what it may still grow by are used. By itself it begins as soon as less is left
   * than the young generation is large, which for a service that has some 60 MB is a growth of 8 MB. Buffers count as growth until they are collected: a
   * service that does little but read facts from Kafka collected all it had each second, for half of its CPU.
   */
  '--incremental-marking-soft-trigger=60',
  '--incremental-marking-hard-trigger=80',
];

/** Sets how V8 collects garbage in this process; call it first. */
export function tuneGarbageCollection(): void {
  for (const flag of GARBAGE_COLLECTION_FLAGS) setFlagsFromString(flag);
}
