interface Waiter {
  readonly holds: () => boolean;
  readonly resolve: () => void;
}

/** Promises that resolve once a condition holds; looked at when told that something changed, so that nobody polls. */
export class Waiters {
  private waiting: Waiter[] = [];

  until(holds: () => boolean): Promise<void> {
    return holds() ? Promise.resolve() : new Promise((resolve) => this.waiting.push({ holds, resolve }));
  }

  changed(): void {
    if (this.waiting.length === 0) return;
    const due = this.waiting.filter((waiter) => waiter.holds());
    if (due.length === 0) return;
    this.waiting = this.waiting.filter((waiter) => !due.includes(waiter));
    for (const waiter of due) waiter.resolve();
  }
}
