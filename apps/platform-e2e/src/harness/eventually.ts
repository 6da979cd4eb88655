/**
 * Asks until the answer is there: `ask` gives `undefined` or throws until it is so.
 *
 * @throws the last error, or one that names what was waited for, at the deadline
 */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined> | T | undefined, deadlineMs = 15_000): Promise<T> {
  const end = Date.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
