import { deviceModelV1 } from '@voltlog/proto';
import { describe, expect, it } from 'vitest';
import { templateBody, toTemplate, toTemplateMessage } from './device-model.view.js';

const variable = deviceModelV1.ModelVariableName.fromPartial({
  component: 'EVSE',
  evseId: 1,
  name: 'Temperature',
  attributeType: 'Actual',
});
const plain = deviceModelV1.Template.fromPartial({ templateId: 'plain', bootIntervalSeconds: 60 });
const full = deviceModelV1.Template.fromPartial({
  templateId: 'ac22',
  name: 'AC',
  vendor: 'Voltmaker',
  model: 'AC22',
  firmwareVersion: '1.*',
  priority: -3,
  boot: 'Pending',
  bootIntervalSeconds: 30,
  monitoringBase: 'All',
  monitoringLevel: 0,
  variables: [{ variable, value: '5' }],
  monitors: [{ variable: { ...variable, attributeType: '' }, type: 'UpperThreshold', value: 70.5, severity: 3, transaction: true }],
  certificates: [{ certificateType: 'V2GRootCertificate', certificate: 'PEM' }],
});

describe('a template', () => {
  it.each([plain, full])('$templateId is put back as it was read, and is the same', (template) => {
    const read = toTemplate({ ...template, version: 7, updatedAt: '2026-11-26T10:00:00.000Z' });
    expect(read).toMatchObject({ templateId: template.templateId, version: 7 });
    // As it goes through a file.
    const put = templateBody.parse(JSON.parse(JSON.stringify(read)));
    const names = (each: deviceModelV1.Template) =>
      each.monitors.map((monitor) => ({ ...monitor, variable: { ...monitor.variable, attributeType: '' } }));
    const message = toTemplateMessage(template.templateId, put);
    expect({ ...message, monitors: names(message) }).toEqual({ ...template, monitors: names(template) });
  });

  it('is refused with a field that no answer has', () => {
    expect(templateBody.safeParse({ vendors: 'V' }).success).toBe(false);
  });
});
