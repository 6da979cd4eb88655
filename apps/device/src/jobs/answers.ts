import { withoutSecrets } from '@voltlog/connection-contract';
import type { JobAnswer, JobAnswerState } from '@voltlog/device-contract';
import { OperatingError, RequestError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';

const { CommandStatus } = connectionV1;

/** Characters of a station's answer that are kept: all configuration keys of a 1.6 station fit. */
export const RESPONSE_LENGTH_MAX = 16_384;
const REASON_LENGTH_MAX = 500;

/** What came of sending: the station's answer, or that nothing was sent. */
export type Outcome =
  | { readonly kind: 'answered'; readonly answer: Omit<JobAnswer, 'stationId' | 'attempt'> }
  | { readonly kind: 'notSent'; readonly reason: string };

const STATES: Readonly<Partial<Record<connectionV1.CommandStatus, JobAnswerState>>> = {
  [CommandStatus.ACCEPTED]: 'Accepted',
  [CommandStatus.REJECTED]: 'Rejected',
  [CommandStatus.NOT_SUPPORTED]: 'NotSupported',
  [CommandStatus.TIMED_OUT]: 'Unknown',
};

export function outcomeOf(response: connectionV1.SendCommandResponse): Outcome {
  const state = STATES[response.status];
  if (state === undefined) return { kind: 'notSent', reason: response.reason || 'the station is not connected' };
  const { stationStatus, action, messageId, latencyMs } = response;
  const reason = response.reason.slice(0, REASON_LENGTH_MAX);
  return {
    kind: 'answered',
    answer: { state, stationStatus, reason, action, messageId, latencyMs, responseJson: kept(response.responseJson) },
  };
}

/** Of an error whose call may have reached the station it is not known what came of it. */
export function outcomeOfError(error: unknown): Outcome {
  if (error instanceof OperatingError && error.code === 'ServiceUnreachable')
    return { kind: 'notSent', reason: 'the connection service is away' };
  if (error instanceof RequestError) return { kind: 'answered', answer: unsaid('Failed', error.message.slice(0, REASON_LENGTH_MAX)) };
  return { kind: 'answered', answer: unsaid('Unknown', 'no answer reached us; it is not known whether the station acted') };
}

const unsaid = (state: JobAnswerState, reason: string): Omit<JobAnswer, 'stationId' | 'attempt'> => ({
  state,
  stationStatus: '',
  reason,
  action: '',
  messageId: '',
  latencyMs: 0,
  responseJson: '',
});

function kept(responseJson: string): string {
  if (responseJson === '') return '';
  return JSON.stringify(withoutSecrets(JSON.parse(responseJson))).slice(0, RESPONSE_LENGTH_MAX);
}
