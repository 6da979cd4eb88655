export type Ranges = readonly (readonly [from: number, to: number])[];

/** The ranges with one more number: rising, with gaps between. The same object when it is there. */
export function withNumber(ranges: Ranges, number: number): Ranges {
  if (ranges.some(([from, to]) => number >= from && number <= to)) return ranges;
  const after: [number, number][] = [];
  let [start, end] = [number, number];
  for (const [from, to] of ranges) {
    if (to + 1 === start) start = from;
    else if (from - 1 === end) end = to;
    else after.push([from, to]);
  }
  after.push([start, end]);
  return after.sort((a, b) => a[0] - b[0]);
}

/** What is missing between 0 and the last number, or the highest there is when the last is not known. */
export function missing(ranges: Ranges, last: number | undefined): Ranges {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [from, to] of ranges) {
    if (from > next) gaps.push([next, from - 1]);
    next = to + 1;
  }
  if (last !== undefined && next <= last) gaps.push([next, last]);
  return gaps;
}

export const isWhole = (ranges: Ranges, last: number | undefined): boolean => last !== undefined && missing(ranges, last).length === 0;
