import { NotImplemented, NotSupported, type OcppError, type Violation, violationError } from './errors.js';
import type { OcppVersion, Peer } from './version.js';

/** A compiled schema. `errors` holds the first violation of the last call; the validators are synchronous and stop at the first. */
export interface MessageValidator {
  (payload: unknown): boolean;
  errors?: readonly SchemaViolation[] | null;
}

/** What ajv says about a violation. */
export interface SchemaViolation {
  /** JSON pointer into the payload. */
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface ActionValidators {
  readonly request: MessageValidator;
  /** Undefined for a message without an answer (2.1 SEND). */
  readonly response: MessageValidator | undefined;
}

/** Who may send the request of an action. */
export type Sender = Peer | 'both';

/** One version of OCPP: its actions, who may send them, and their schemas. All checks are synchronous and hold no state. */
export interface OcppProtocol {
  readonly version: OcppVersion;
  /** Every action and who sends its request. */
  readonly senders: ReadonlyMap<string, Sender>;
  /** Whether that peer may send the request of the action. */
  hasAction(action: string, from: Peer): boolean;
  /**
   * All that a received CALL must pass: known action (else NotImplemented), right direction and message type (else NotSupported),
   * right payload (see `checkRequest`). One look-up.
   */
  checkCall(action: string, payload: unknown, from: Peer): OcppError | undefined;
  /** The same for a received SEND. It is never answered: the error is for the log. */
  checkSend(action: string, payload: unknown, from: Peer): OcppError | undefined;
  /** A request's payload against its schema, in the version's error codes; NotImplemented for an unknown action. */
  checkRequest(action: string, payload: unknown): OcppError | undefined;
  /** A response's payload against its schema. */
  checkResponse(action: string, payload: unknown): OcppError | undefined;
  /** Where a request's payload breaks its schema first; undefined: nowhere, or the action is not known. */
  violationOf(action: string, payload: unknown): SchemaViolation | undefined;
}

interface ActionRule extends ActionValidators {
  readonly sender: Sender;
}

/**
 * @param senders who sends the request of each action
 * @param validators compiled schemas of the same actions
 * @throws when the two do not list the same actions: the table is then not of these schemas
 */
export function ocppProtocol(
  version: OcppVersion,
  senders: Readonly<Record<string, Sender>>,
  validators: ReadonlyMap<string, ActionValidators>,
): OcppProtocol {
  const rules = new Map<string, ActionRule>();
  for (const [action, sender] of Object.entries(senders)) {
    const validator = validators.get(action);
    if (validator === undefined) throw new Error(`${version}: no schema for ${action}`);
    rules.set(action, { sender, request: validator.request, response: validator.response });
  }
  for (const action of validators.keys()) if (!rules.has(action)) throw new Error(`${version}: nobody sends ${action}`);
  return new CompiledProtocol(version, rules);
}

class CompiledProtocol implements OcppProtocol {
  readonly senders: ReadonlyMap<string, Sender>;

  constructor(
    readonly version: OcppVersion,
    private readonly rules: ReadonlyMap<string, ActionRule>,
  ) {
    this.senders = new Map([...rules].map(([action, rule]) => [action, rule.sender]));
  }

  hasAction(action: string, from: Peer): boolean {
    const sender = this.rules.get(action)?.sender;
    return sender === from || sender === 'both';
  }

  checkCall(action: string, payload: unknown, from: Peer): OcppError | undefined {
    const rule = this.rules.get(action);
    if (rule === undefined) return unknownAction();
    if (rule.response === undefined) return new NotSupported(`${action} is an unconfirmed message`);
    return this.checkFrom(action, rule, payload, from);
  }

  checkSend(action: string, payload: unknown, from: Peer): OcppError | undefined {
    const rule = this.rules.get(action);
    if (rule === undefined) return unknownAction();
    if (rule.response !== undefined) return new NotSupported(`${action} is not an unconfirmed message`);
    return this.checkFrom(action, rule, payload, from);
  }

  checkRequest(action: string, payload: unknown): OcppError | undefined {
    const rule = this.rules.get(action);
    return rule === undefined ? unknownAction() : this.check(rule.request, payload);
  }

  checkResponse(action: string, payload: unknown): OcppError | undefined {
    const response = this.rules.get(action)?.response;
    return response === undefined ? unknownAction() : this.check(response, payload);
  }

  violationOf(action: string, payload: unknown): SchemaViolation | undefined {
    const validate = this.rules.get(action)?.request;
    if (validate === undefined || validate(payload)) return undefined;
    const violation = validate.errors?.[0];
    validate.errors = null;
    return violation;
  }

  private checkFrom(action: string, rule: ActionRule, payload: unknown, from: Peer): OcppError | undefined {
    if (rule.sender !== from && rule.sender !== 'both') return new NotSupported(`${action} is not sent by the ${from}`);
    return this.check(rule.request, payload);
  }

  private check(validate: MessageValidator, payload: unknown): OcppError | undefined {
    if (validate(payload)) return undefined;
    const violation = validate.errors?.[0];
    // Errors stay on the function; dropped so that they do not keep a payload alive.
    validate.errors = null;
    return violation === undefined ? violationError(this.version, 'format', 'payload is not valid') : schemaError(this.version, violation);
  }
}

function unknownAction(): OcppError {
  return new NotImplemented('action is not known');
}

/**
 * Which violation a schema keyword stands for. Sources: OCPP-J 1.6 §4.2.3 table 7, OCPP 2.1 Part 4 §4.3 table 9. Two rows are a choice:
 * - `required`: 1.6 also has ProtocolError ("payload is incomplete"); the occurrence code names the field's rule and exists in all versions;
 * - `additionalProperties`: in 1.6 "not conform the PDU structure" is FormationViolation. 2.x moved those words to ProtocolError, yet
 *   implementations (mobilityhouse/ocpp, EVerest) kept FormatViolation, and so do we.
 */
const VIOLATION_OF_KEYWORD: ReadonlyMap<string, Violation> = new Map<string, Violation>([
  ['required', 'occurrence'],
  ['minItems', 'occurrence'],
  ['maxItems', 'occurrence'],
  ['type', 'type'],
  ['enum', 'property'],
  ['maxLength', 'property'],
  ['minimum', 'property'],
  ['maximum', 'property'],
  ['multipleOf', 'property'],
  ['format', 'property'],
  ['additionalProperties', 'format'],
]);

/** The error of a schema violation. The text names the field and the rule, never the value: it may be a token. */
function schemaError(version: OcppVersion, { instancePath, keyword, params }: SchemaViolation): OcppError {
  // The payload itself not being an object is a matter of form, not of one of its fields.
  const violation = keyword === 'type' && instancePath === '' ? 'format' : (VIOLATION_OF_KEYWORD.get(keyword) ?? 'format');
  return violationError(version, violation, `${instancePath === '' ? 'payload' : instancePath}: ${rule(keyword, params)}`);
}

/** A field's name is told where it can be no more than a name. */
const fieldName = (name: unknown): string =>
  typeof name === 'string' && /^[A-Za-z_]\w{0,31}$/.test(name) ? `the field ${name}` : 'a field';

function rule(keyword: string, params: Readonly<Record<string, unknown>>): string {
  switch (keyword) {
    case 'required':
      return `lacks ${String(params['missingProperty'])}`;
    case 'additionalProperties':
      return `has ${fieldName(params['additionalProperty'])} that is not in the schema`;
    case 'type':
      return `is not of type ${String(params['type'])}`;
    case 'enum':
      return 'is not one of the allowed values';
    case 'format':
      return `is not a ${String(params['format'])}`;
    default:
      return `breaks ${keyword} ${String(params['limit'] ?? params['multipleOf'] ?? '')}`.trimEnd();
  }
}
