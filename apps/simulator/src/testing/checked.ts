import type { OcppVersion } from '../station/protocol.js';
import { readFrame } from '../station/protocol.js';
import type { StationEvent } from '../station/station-options.js';
import { schemaCheck } from './schemas.js';

/** An observer that notes every frame of a station that its official schema forbids. */
export function noteWrongFrames(version: OcppVersion, wrong: string[]): (event: StationEvent) => void {
  const check = schemaCheck(version);
  const commands = new Map<string, string>();
  return (event) => {
    if (event.type !== 'frame') return;
    const frame = readFrame(event.text);
    if (event.direction === 'in') {
      if (frame?.type === 'call') commands.set(frame.messageId, frame.action);
      return;
    }
    let problem: string | undefined;
    if (frame === undefined) problem = event.text;
    else if (frame.type === 'call') problem = check('req', frame.action, frame.payload);
    else if (frame.type === 'result') problem = check('conf', commands.get(frame.messageId) ?? '', frame.payload);
    if (problem !== undefined) wrong.push(problem);
  };
}
