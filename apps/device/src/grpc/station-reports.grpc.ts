import type { DisplayText } from '@voltlog/connection-contract';
import { RequestError } from '@voltlog/kernel';
import type { deviceReportsV1 } from '@voltlog/proto';
import type { KnownMessage, ReportCollections, ReportDoc } from '../reports/report-documents.js';
import { REPORT_NAMES } from '../reports/report-follower.js';
import { checkStationId } from './requests.js';

const PAGE_SIZE = 50;
const PAGE_SIZE_MAX = 200;
/** A report can be as large as a frame: a page of large ones is cut short, so that no answer is beyond what gRPC carries. */
const PAGE_CHARS_MAX = 1_500_000;

/** `voltlog.device.v1.StationReportsService`. */
export class StationReportsGrpc implements deviceReportsV1.StationReportsService {
  constructor(private readonly collections: ReportCollections) {}

  async listReports(request: deviceReportsV1.ListReportsRequest): Promise<deviceReportsV1.ListReportsResponse> {
    const { type, requestId, pageToken } = request;
    if (type !== '' && !REPORT_NAMES.includes(type))
      throw new RequestError('INVALID_ARGUMENT', `type must be one of ${REPORT_NAMES.join(', ')}`);
    const where = {
      stationId: checkStationId(request.stationId),
      ...(type === '' ? {} : { type }),
      ...(requestId === undefined ? {} : { requestId }),
    };
    let limit = Math.min(request.pageSize || PAGE_SIZE, PAGE_SIZE_MAX);
    for (;;) {
      const { docs, next } = await this.collections.reports.find({
        where,
        sort: ['id', -1],
        limit,
        ...(pageToken === '' ? {} : { after: pageToken }),
      });
      const reports = docs.map(toMessage);
      const chars = reports.reduce((sum, { dataJson }) => sum + dataJson.length, 0);
      if (chars <= PAGE_CHARS_MAX || reports.length <= 1) return { reports, nextPageToken: next ?? '' };
      limit = Math.ceil(Math.min(limit, reports.length) / 2);
    }
  }

  async getDisplayMessages({ stationId }: deviceReportsV1.GetDisplayMessagesRequest): Promise<deviceReportsV1.GetDisplayMessagesResponse> {
    const display = await this.collections.displays.get(checkStationId(stationId));
    return { messages: (display?.messages ?? []).map(toDisplayMessage), listedAt: display?.listedAt };
  }
}

const toMessage = ({ id, data, ...doc }: ReportDoc): deviceReportsV1.StationReport => ({
  reportId: id,
  stationId: doc.stationId,
  type: doc.type,
  action: doc.action,
  receivedAt: doc.receivedAt,
  occurredAt: doc.occurredAt,
  requestId: doc.requestId,
  dataJson: JSON.stringify(data),
});

const toDisplayMessage = (message: KnownMessage): deviceReportsV1.DisplayMessage => ({
  id: message.id,
  priority: message.priority,
  state: message.state ?? '',
  startAt: message.startDateTime,
  endAt: message.endDateTime,
  transactionId: message.transactionId ?? '',
  texts: [message.message, ...(message.messageExtra ?? [])].map(toText),
  knownAt: message.knownAt,
});

const toText = ({ format, language, content }: DisplayText): deviceReportsV1.DisplayText => ({ format, language: language ?? '', content });
