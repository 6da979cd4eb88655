import { describe, expect, it } from 'vitest';
import { Lanes } from './lanes.js';

/** Work that ends when it is told to. */
class Works {
  readonly begun: string[] = [];
  private readonly ends = new Map<string, () => void>();

  run = (id: string) => (): Promise<void> => {
    this.begun.push(id);
    return new Promise((resolve) => this.ends.set(id, resolve));
  };

  async end(id: string): Promise<void> {
    this.ends.get(id)?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('lanes', () => {
  it('run so many works each, and so many together; one that is full keeps no other from its places', async () => {
    const lanes = new Lanes({ total: 3, perLane: 2, waitingPerLane: 10, waitingTotal: 100 });
    const works = new Works();
    for (const id of ['a1', 'a2', 'a3', 'b1', 'b2']) lanes.offer(id.charAt(0), id, works.run(id));
    expect(works.begun).toEqual(['a1', 'a2', 'b1']);
    await works.end('b1');
    expect(works.begun).toEqual(['a1', 'a2', 'b1', 'b2']);
    await works.end('a1');
    expect(works.begun).toEqual(['a1', 'a2', 'b1', 'b2', 'a3']);
  });

  it('know the same work while it waits or runs, and take it again afterwards', async () => {
    const lanes = new Lanes({ total: 1, perLane: 1, waitingPerLane: 10, waitingTotal: 100 });
    const works = new Works();
    for (const id of ['x', 'x', 'y', 'y']) expect(lanes.offer('a', id, works.run(id))).toBe(true);
    await works.end('x');
    await works.end('y');
    expect(works.begun).toEqual(['x', 'y']);
    lanes.offer('a', 'x', works.run('x'));
    expect(works.begun).toEqual(['x', 'y', 'x']);
  });

  it('take no more than may wait', () => {
    const lanes = new Lanes({ total: 1, perLane: 1, waitingPerLane: 1, waitingTotal: 100 });
    const works = new Works();
    expect(['1', '2', '3'].map((id) => lanes.offer('a', id, works.run(id)))).toEqual([true, true, false]);
    expect(lanes.offer('b', '4', works.run('4'))).toBe(true);
  });

  it('tell how many would begin at once', async () => {
    const lanes = new Lanes({ total: 3, perLane: 2, waitingPerLane: 10, waitingTotal: 100 });
    const works = new Works();
    expect(lanes.room('a')).toBe(2);
    lanes.offer('a', '1', works.run('1'));
    expect([lanes.room('a'), lanes.room('b')]).toEqual([1, 2]);
    lanes.offer('a', '2', works.run('2'));
    expect([lanes.room('a'), lanes.room('b')]).toEqual([0, 1]);
    lanes.offer('a', '3', works.run('3'));
    await works.end('1');
    expect(lanes.pending).toBe(2);
  });

  it('stop when what runs has ended, and begin nothing more', async () => {
    const lanes = new Lanes({ total: 1, perLane: 1, waitingPerLane: 10, waitingTotal: 100 });
    const works = new Works();
    lanes.offer('a', '1', works.run('1'));
    lanes.offer('a', '2', works.run('2'));
    const stopped = lanes.stop();
    expect(lanes.offer('a', '3', works.run('3'))).toBe(false);
    await works.end('1');
    await stopped;
    expect(works.begun).toEqual(['1']);
    await new Lanes({ total: 1, perLane: 1, waitingPerLane: 1, waitingTotal: 100 }).stop();
  });

  it('take no more than so many together, however many targets there are', async () => {
    const lanes = new Lanes({ total: 1, perLane: 1, waitingPerLane: 10, waitingTotal: 3 });
    const works = new Works();
    const taken = ['a', 'b', 'c', 'd', 'e'].map((id) => lanes.offer(id, id, works.run(id)));
    expect(taken).toEqual([true, true, true, true, false]);
    await works.end('a');
    expect(lanes.offer('e', 'e', works.run('e'))).toBe(true);
  });
});
