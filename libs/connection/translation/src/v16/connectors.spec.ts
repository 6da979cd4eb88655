import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toConnector, toEvse } from './connectors.js';

describe('1.6 connectors', () => {
  it.each([
    [0, undefined, 0, 0],
    [-1, undefined, 0, 0],
    [1, undefined, 1, 1],
    [3, undefined, 3, 1],
    [1, [2, 1], 1, 1],
    [2, [2, 1], 1, 2],
    [3, [2, 1], 2, 1],
    [4, [2, 1], 3, 1],
  ])('%d of %j is EVSE %d connector %d', (connector, counts, evseId, connectorId) =>
    expect(toEvse(connector, counts)).toEqual({ evseId, connectorId }),
  );

  it('there and back is the same connector', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 8 }), (connector, counts) => {
        expect(toConnector(toEvse(connector, counts), counts)).toBe(connector);
      }),
    );
  });
});
