/** A JSON schema in the few keywords OCPP uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
}

export interface Message {
  readonly name: string;
  readonly action: string;
  readonly kind: 'request' | 'response' | 'send';
  readonly schema: Schema;
}

export interface Version {
  readonly name: 'ocpp1.6' | 'ocpp2.0.1' | 'ocpp2.1';
  readonly urn: string;
  readonly source: string;
  readonly folder: string;
  readonly schemas: number;
}

export function readMessages(version: Version, path: string): { version: Version; messages: Message[]; definitions: Map<string, Schema> };
