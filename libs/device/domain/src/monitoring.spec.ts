import type { IntendedMonitor } from '@voltlog/device-contract';
import { describe, expect, it } from 'vitest';
import type { Template } from './intended.js';
import { intendedMonitoring, monitorsToSet } from './monitoring.js';

const HOT: IntendedMonitor = {
  variable: { component: 'EVSE', evseId: 1, name: 'Temperature' },
  type: 'UpperThreshold',
  value: 70,
  severity: 3,
  transaction: false,
};
const template = (templateId: string, more: Partial<Template>): Template => ({
  templateId,
  name: '',
  vendor: '',
  model: '',
  firmwareVersion: '',
  priority: 0,
  variables: [],
  bootIntervalSeconds: 60,
  ...more,
});
const STATION = { vendor: 'Voltmaker', model: 'AC22', firmwareVersion: '1.0' };

describe('what a station is to watch', () => {
  it('is what its templates say, the closest first', () => {
    const templates = [
      template('any', { monitors: [HOT, { ...HOT, severity: 5, value: 60 }], monitoringLevel: 8, monitoringBase: 'All' }),
      template('vendor', { vendor: 'voltmaker', monitors: [{ ...HOT, value: 75 }], monitoringLevel: 4 }),
      template('other', { vendor: 'Other', monitors: [{ ...HOT, severity: 1 }] }),
    ];
    expect(intendedMonitoring(templates, STATION)).toEqual({
      monitors: [
        { ...HOT, value: 75, templateId: 'vendor' },
        { ...HOT, severity: 5, value: 60, templateId: 'any' },
      ],
      base: 'All',
      level: 4,
    });
    expect(intendedMonitoring([], STATION)).toEqual({ monitors: [] });
  });

  it.each([
    ['is set anew where it has none', [], [{ ...HOT, monitorId: 0 }]],
    ['is set in the place of one with another value', [{ ...HOT, value: 60, monitorId: 9 }], [{ ...HOT, monitorId: 9 }]],
    ['is set beside one of another severity', [{ ...HOT, severity: 4, monitorId: 9 }], [{ ...HOT, monitorId: 0 }]],
    ['is not set where it is so', [{ ...HOT, variable: { ...HOT.variable, name: 'TEMPERATURE' }, monitorId: 9 }], []],
  ])('%s', (_title, held, toSet) => {
    expect(monitorsToSet([HOT], held)).toEqual(toSet);
  });
});
