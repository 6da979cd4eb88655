import type { VariableName } from './device-model.js';

type MonitorName = Omit<VariableName, 'attributeType'>;

/** What stations of a vendor, model and firmware are set to. */
export interface Template {
  readonly templateId: string;
  readonly version: number;
  readonly name: string;
  /** Empty: any; may end with `*`, as model and firmware may. */
  readonly vendor: string;
  readonly model: string;
  readonly firmwareVersion: string;
  readonly priority: number;
  readonly variables: readonly (VariableName & { readonly value: string })[];
  readonly monitors: readonly (MonitorName & {
    readonly type: string;
    readonly value: number;
    readonly severity: number;
    readonly transaction: boolean;
  })[];
  readonly monitoringBase: string | null;
  readonly monitoringLevel: number | null;
  readonly certificates: readonly { readonly certificateType: string; readonly certificate: string }[];
  readonly boot: string | null;
  readonly bootIntervalSeconds: number;
  readonly updatedAt: string | null;
}

export const TEMPLATES = '/v1/configuration-templates';
export const ofTemplate = (templateId: string): string => `${TEMPLATES}/${encodeURIComponent(templateId)}`;

/** `Voltmaker AC22 1.*`, or every station. */
export const aboutWords = ({ vendor, model, firmwareVersion }: Template): string =>
  vendor === '' && model === '' && firmwareVersion === ''
    ? 'every station'
    : [vendor || 'any vendor', model || (firmwareVersion === '' ? '' : 'any model'), firmwareVersion].filter(Boolean).join(' ');
