/** What the text of an element is: free text, a word (enumeration, time, address) or a number. */
export type TextKind = 'text' | 'word' | 'integer' | 'number' | 'boolean';

/** One field of a message, in JSON and in XML. */
export interface Field {
  readonly name: string;
  /** Name of the element where that is another. */
  readonly tag?: string;
  readonly kind: TextKind | Shape;
  /** May be there several times. */
  readonly list: boolean;
  /** OCPP 1.5 meter values: the text is the field `value`, the attributes are the other fields. */
  readonly asAttributes?: true;
}

/** The fields of a message or of a part of one, in the order of the WSDL. */
export type Shape = readonly Field[];
