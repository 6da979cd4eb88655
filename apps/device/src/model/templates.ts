import { isSecretVariable } from '@voltlog/connection-contract';
import type { IntendedVariable, TemplateAttributes } from '@voltlog/device-contract';
import {
  INTENDED_MAX,
  repeated,
  spoken,
  type Template,
  type TemplateCommand,
  type TemplateEvent,
  type TemplateRefusal,
  type TemplateState,
} from '@voltlog/device-domain';
import { RequestError } from '@voltlog/kernel';
import type { Collection, Execution, Page } from '@voltlog/store';
import type { DocumentedStreams } from '../store/documented-streams.js';
import type { TemplateDoc } from './documents.js';

/** Templates of a platform: all are held in memory, and looked through for each station that boots. */
export const TEMPLATES_MAX = 500;

export type TemplateStreams = DocumentedStreams<TemplateCommand, TemplateState, TemplateEvent, TemplateRefusal, TemplateDoc>;

/** The templates, in memory as in the store. */
export class Templates {
  private inUse: readonly Template[] = [];

  constructor(
    private readonly collection: Collection<TemplateDoc>,
    private readonly streams: TemplateStreams,
  ) {}

  /** Those in use, in no order. */
  get all(): readonly Template[] {
    return this.inUse;
  }

  /** Reads them anew: at the start, and when one changed. */
  async refresh(): Promise<void> {
    const { docs } = await this.collection.find({ where: { retired: false }, limit: TEMPLATES_MAX });
    this.inUse = docs;
  }

  async get(templateId: string): Promise<TemplateDoc | undefined> {
    return this.collection.get(templateId);
  }

  page(limit: number, after: string): Promise<Page<TemplateDoc>> {
    return this.collection.find({ where: { retired: false }, limit, ...(after === '' ? {} : { after }) });
  }

  async put(
    templateId: string,
    attributes: TemplateAttributes,
    options: { readonly expectedRevision: number; readonly mustBeNew: boolean; readonly now: number; readonly causationId: string },
  ): Promise<Execution<TemplateState, TemplateRefusal>> {
    checkIntent(attributes.variables);
    if (this.inUse.length >= TEMPLATES_MAX && !this.inUse.some((each) => each.templateId === templateId))
      throw new RequestError('RESOURCE_EXHAUSTED', `there are ${TEMPLATES_MAX} templates already: retire one first`, 'TooManyTemplates');
    const { causationId, ...conditions } = options;
    const execution = await this.streams.one(templateId, { kind: 'Define', templateId, attributes, ...conditions }, causationId);
    await this.refresh();
    return execution;
  }

  async retire(templateId: string, now: number, causationId: string): Promise<Execution<TemplateState, TemplateRefusal>> {
    const execution = await this.streams.one(templateId, { kind: 'Retire', now }, causationId);
    await this.refresh();
    return execution;
  }
}

/** @throws {RequestError} `INVALID_ARGUMENT` for a secret, a repetition, or too many */
export function checkIntent(variables: readonly IntendedVariable[]): void {
  if (variables.length > INTENDED_MAX) throw new RequestError('INVALID_ARGUMENT', `at most ${INTENDED_MAX} variables can be intended`);
  const secret = variables.find(({ name }) => isSecretVariable(name));
  if (secret !== undefined)
    throw new RequestError(
      'INVALID_ARGUMENT',
      `${spoken(secret)} is a secret and is kept in no configuration: change it with a password change of the station`,
      'SecretVariable',
    );
  const twice = repeated(variables);
  if (twice !== undefined) throw new RequestError('INVALID_ARGUMENT', `${spoken(twice)} is named twice`);
}
