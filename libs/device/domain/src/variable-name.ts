import type { AttributeType, ModelVariableName } from '@voltlog/device-contract';

/** Names are identifierStrings of at most 50, instances too. Source: OCPP 2.0.1 Part 2 ComponentType, VariableType */
export const VARIABLE_NAME_MAX = 50;

/**
 * What tells variables of one station apart. Names compare without regard to case, an absent part is the same as an empty one.
 *
 * Source: OCPP 2.0.1 Part 2 ComponentType, VariableType ("case insensitive")
 */
export function variableKey(variable: ModelVariableName): string {
  const { component, componentInstance = '', evseId = 0, connectorId = 0, name, instance = '' } = variable;
  return [component, componentInstance, evseId, connectorId, name, instance].join('\t').toLowerCase();
}

/** The same of one attribute. */
export const attributeKey = (variable: ModelVariableName & { readonly attributeType?: AttributeType | undefined }): string =>
  `${variableKey(variable)}\t${variable.attributeType ?? 'Actual'}`;

/** The name alone, without parts that say nothing. */
export function nameOf(variable: ModelVariableName): ModelVariableName {
  const { component, componentInstance, evseId, connectorId, name, instance } = variable;
  return {
    component,
    ...(componentInstance ? { componentInstance } : {}),
    ...(evseId ? { evseId } : {}),
    ...(connectorId ? { connectorId } : {}),
    name,
    ...(instance ? { instance } : {}),
  };
}

/** For a person, e.g. `EVSE[1].Power` or `OCPPCommCtrlr.MessageAttempts[TransactionEvent]`. */
export function spoken(variable: ModelVariableName): string {
  const { component, componentInstance, evseId, connectorId, name, instance } = variable;
  const at = [componentInstance, evseId ? String(evseId) : '', connectorId ? String(connectorId) : ''].filter(Boolean).join(',');
  return `${component}${at === '' ? '' : `[${at}]`}.${name}${instance ? `[${instance}]` : ''}`;
}
