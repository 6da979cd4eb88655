import type { KnownJob } from '@voltlog/device-domain';
import { RequestError } from '@voltlog/kernel';
import { connectionV1, deviceLogUploadV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { Reconciled, Reconciler } from '../model/reconciler.js';
import { type Outcome, outcomeOf, outcomeOfError } from './answers.js';

/** The name of a job's command that is no command of the connection service: a template, or all that is intended, for each station. */
export const APPLY_TEMPLATE = 'applyTemplate';

/** The name of a job's command that has each station upload a log to an address of its own. */
export const COLLECT_LOG = 'collectLog';

export interface AskingParts {
  readonly context: Pick<ServiceContext, 'clock' | 'logger'>;
  readonly connection: Pick<connectionV1.ConnectionService, 'sendCommand'>;
  readonly reconciler: Pick<Reconciler, 'reconcile' | 'apply'>;
  readonly uploads: Pick<deviceLogUploadV1.LogUploadService, 'requestUpload'>;
  /** Fills in what is of the one station a command goes to, and must not lie on the log: signed addresses. */
  readonly forStation: (request: connectionV1.SendCommandRequest, jobId: string) => Promise<connectionV1.SendCommandRequest>;
}

/** Has a station do what a job is about. Never rejects: what went wrong is an outcome. */
export const asking =
  ({ context, connection, reconciler, uploads, forStation }: AskingParts) =>
  async ({ jobId, command, createdBy }: KnownJob, stationId: string): Promise<Outcome> => {
    const { name: $case, parameters: value, timeoutMs } = command;
    try {
      if ($case === APPLY_TEMPLATE) {
        const templateId = String(value['templateId'] ?? '');
        const began = context.clock.now();
        const reconciled = templateId === '' ? await reconciler.reconcile(stationId) : await reconciler.apply(stationId, templateId);
        return outcomeOfReconciled(reconciled, context.clock.now() - began);
      }
      if ($case === COLLECT_LOG) {
        const began = context.clock.now();
        const wanted = deviceLogUploadV1.RequestUploadRequest.fromPartial({ ...value, stationId, requestedBy: createdBy });
        return outcomeOfUpload((await uploads.requestUpload(wanted)).upload, context.clock.now() - began);
      }
      // What is absent of an older event has its default.
      const request = connectionV1.SendCommandRequest.fromPartial({ stationId, timeoutMs, command: { $case, value } } as never);
      return outcomeOf(await connection.sendCommand(await forStation(request, jobId)));
    } catch (error) {
      const outcome = outcomeOfError(error);
      if (!(error instanceof RequestError))
        context.logger.warn({ err: error, station_id: stationId }, 'a command of a job was not answered');
      return outcome;
    }
  };

const REASON_LENGTH_MAX = 500;

/** The upload itself is followed by its id. */
function outcomeOfUpload(upload: deviceLogUploadV1.LogUpload | undefined, latencyMs: number): Outcome {
  const { uploadId = '', answer = '', stationStatus = '', reason = '' } = upload ?? {};
  const state = ANSWERS.find((word) => word === answer);
  if (state === undefined) return { kind: 'notSent', reason: reason || 'the station is not connected' };
  const responseJson = JSON.stringify({ uploadId });
  return { kind: 'answered', answer: { state, stationStatus, reason, action: 'GetLog', messageId: '', latencyMs, responseJson } };
}

const ANSWERS = ['Accepted', 'Rejected', 'NotSupported', 'Failed', 'Unknown'] as const;

function outcomeOfReconciled(reconciled: Reconciled, latencyMs: number): Outcome {
  if (reconciled.kind === 'away') return { kind: 'notSent', reason: 'the station is not connected' };
  const { outcome, refused } = reconciled;
  return {
    kind: 'answered',
    answer: {
      state: outcome === 'Refused' ? 'Rejected' : 'Accepted',
      stationStatus: outcome,
      reason: refused.join('; ').slice(0, REASON_LENGTH_MAX),
      action: 'SetVariables',
      messageId: '',
      latencyMs,
      responseJson: '',
    },
  };
}
