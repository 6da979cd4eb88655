import type { CommandOutcome } from './dialect.js';
import { listAt, numberAt, type Payload, textAt } from './protocol.js';

/** Messages the display has room for. */
const MESSAGES_MAX = 20;
/** Messages in one report. */
const REPORT_MESSAGES_MAX = 5;
const LANGUAGES = ['en', 'nl', 'de', 'fr'];

const status = (word: string): CommandOutcome => ({ answer: { payload: { status: word } } });

/** What a station shows besides its own words. Source: OCPP 2.0.1 Part 2 O */
export class Display {
  private readonly messages = new Map<number, Payload>();

  /** O01; O01.FR.02 and O06: what it cannot show it refuses by name. */
  set(payload: Payload): CommandOutcome {
    const message = payload['message'] as Payload;
    const id = numberAt(message, 'id') ?? 0;
    const format = textAt(message, 'message', 'format') ?? '';
    const language = textAt(message, 'message', 'language');
    if (!['ASCII', 'UTF8'].includes(format)) return status('NotSupportedMessageFormat');
    if (language !== undefined && !LANGUAGES.includes(language.slice(0, 2))) return status('LanguageNotSupported');
    if (!this.messages.has(id) && this.messages.size >= MESSAGES_MAX) return status('Rejected');
    this.messages.set(id, message);
    return status('Accepted');
  }

  /** O05 */
  clear(payload: Payload): CommandOutcome {
    return status(this.messages.delete(numberAt(payload, 'id') ?? 0) ? 'Accepted' : 'Unknown');
  }

  /** O03, O04: what meets all that is asked for, in reports of a few. */
  report(payload: Payload, tell: (report: Payload) => void): CommandOutcome {
    const ids = listAt(payload, 'id');
    const asked = (name: 'priority' | 'state'): ((message: Payload) => boolean) => {
      const word = textAt(payload, name);
      return (message) => word === undefined || message[name] === word;
    };
    const found = [...this.messages.values()].filter(
      (message) => (ids.length === 0 || ids.includes(message['id'])) && asked('priority')(message) && asked('state')(message),
    );
    if (found.length === 0) return status('Unknown');
    const then = (): void => {
      for (let first = 0; first < found.length; first += REPORT_MESSAGES_MAX) {
        const tbc = first + REPORT_MESSAGES_MAX < found.length;
        tell({ requestId: numberAt(payload, 'requestId') ?? 0, messageInfo: found.slice(first, first + REPORT_MESSAGES_MAX), tbc });
      }
    };
    return { ...status('Accepted'), then };
  }
}
