import type { ModelEvent, TemplateAttributes } from '@voltlog/device-contract';
import { type Decider, decided, isoTime, refused } from '@voltlog/kernel';
import type { Template } from './intended.js';

/** Values in one template, or of one station. */
export const INTENDED_MAX = 500;

export type TemplateEvent = ModelEvent<'TemplateDefined' | 'TemplateRetired'>;
export type TemplateState =
  | { readonly kind: 'none' }
  | (Template & { readonly kind: 'template'; readonly retired: boolean; readonly updatedAt: string; readonly revision: number });

export type TemplateCommand =
  /** Made, or made anew; refused unless it has this revision; 0: not checked. */
  | {
      readonly kind: 'Define';
      readonly templateId: string;
      readonly attributes: TemplateAttributes;
      readonly expectedRevision: number;
      /** Refused where there is one that is in use. */
      readonly mustBeNew: boolean;
      readonly now: number;
    }
  | { readonly kind: 'Retire'; readonly now: number };

export type TemplateRefusal = 'TemplateUnknown' | 'TemplateExists' | 'RevisionMismatch';

/** What stations of a vendor, model and firmware are to be set to. */
export const templateDecider: Decider<TemplateCommand, TemplateState, TemplateEvent, TemplateRefusal> = {
  initialState: { kind: 'none' },
  decide(command, state) {
    const at = isoTime(command.now);
    if (command.kind === 'Define') {
      if (command.mustBeNew && state.kind !== 'none' && !state.retired) return refused('TemplateExists');
      const revision = state.kind === 'none' ? 0 : state.revision;
      if (command.expectedRevision !== 0 && command.expectedRevision !== revision) return refused('RevisionMismatch');
      return decided<TemplateEvent>({
        type: 'voltlog.device.TemplateDefined.v1',
        data: { templateId: command.templateId, ...command.attributes, at },
      });
    }
    if (state.kind === 'none') return refused('TemplateUnknown');
    return state.retired
      ? decided()
      : decided<TemplateEvent>({ type: 'voltlog.device.TemplateRetired.v1', data: { templateId: state.templateId, at } });
  },
  evolve(state, { type, data }) {
    const revision = (state.kind === 'none' ? 0 : state.revision) + 1;
    if (type === 'voltlog.device.TemplateDefined.v1') {
      const { at, ...template } = data;
      return { kind: 'template', ...template, retired: false, updatedAt: at, revision };
    }
    return state.kind === 'none' ? state : { ...state, retired: true, updatedAt: data.at, revision };
  },
};
