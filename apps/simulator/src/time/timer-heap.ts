/** One thing to do at a time; cancelled ones stay in the heap until they are due, and then do nothing. */
export interface Timer {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Binary min-heap of timers by time, then by the order in which they were set. */
export class TimerHeap {
  private readonly items: Timer[] = [];
  private count = 0;

  get size(): number {
    return this.items.length;
  }

  peek(): Timer | undefined {
    return this.items[0];
  }

  add(at: number, run: () => void): Timer {
    const timer: Timer = { at, order: this.count, run };
    this.count += 1;
    const { items } = this;
    let index = items.length;
    items.push(timer);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const other = items[above];
      if (other === undefined || !before(timer, other)) break;
      items[index] = other;
      index = above;
    }
    items[index] = timer;
    return timer;
  }

  pop(): Timer | undefined {
    const { items } = this;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      let child = items[below];
      if (child === undefined) break;
      const right = items[below + 1];
      if (right !== undefined && before(right, child)) {
        below += 1;
        child = right;
      }
      if (!before(child, last)) break;
      items[index] = child;
      index = below;
    }
    items[index] = last;
    return first;
  }

  clear(): void {
    this.items.length = 0;
  }
}

const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
