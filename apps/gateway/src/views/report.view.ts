import type { deviceReportsV1 } from '@voltlog/proto';
import { z } from 'zod';
import { instant, orNull, pageOf, pageQuery, parsed } from './common.js';

export const reportQuery = pageQuery.extend({
  type: z
    .string()
    .max(64)
    .default('')
    .meta({ examples: ['LogStatusReported'], description: 'empty: all' }),
  requestId: z.coerce.number().int().optional().meta({ description: 'what was reported for one request' }),
});

const reportView = z
  .object({
    reportId: z.string().meta({ description: 'id of the fact on the log' }),
    type: z.string(),
    action: z.string().meta({ description: 'the OCPP action of the station' }),
    receivedAt: instant.nullable(),
    occurredAt: instant.nullable().meta({ description: "by the station's clock" }),
    requestId: z.int().nullable(),
    data: z.unknown().meta({ description: 'the whole fact; its schema is in the AsyncAPI document' }),
  })
  .meta({ id: 'StationReport' });
export const reportPage = pageOf(reportView, 'StationReportPage');

export const toReport = (report: deviceReportsV1.StationReport): z.input<typeof reportView> => ({
  reportId: report.reportId,
  type: report.type,
  action: report.action,
  receivedAt: report.receivedAt ?? null,
  occurredAt: report.occurredAt ?? null,
  requestId: report.requestId ?? null,
  data: parsed(report.dataJson),
});

export const displayView = z
  .object({
    listedAt: instant.nullable().meta({ description: 'when the station last reported all it has; null: never' }),
    messages: z.array(
      z.object({
        id: z.int(),
        priority: z.string(),
        state: z.string().nullable(),
        startAt: instant.nullable(),
        endAt: instant.nullable(),
        transactionId: z.string().nullable(),
        texts: z
          .array(z.object({ format: z.string(), language: z.string().nullable(), content: z.string() }))
          .meta({ description: 'the message, then the same in other languages' }),
        knownAt: instant.nullable().meta({ description: 'when it was set or last reported' }),
      }),
    ),
  })
  .meta({ id: 'StationDisplay' });

export const toDisplay = ({ messages, listedAt }: deviceReportsV1.GetDisplayMessagesResponse): z.input<typeof displayView> => ({
  listedAt: listedAt ?? null,
  messages: messages.map((message) => ({
    id: message.id,
    priority: message.priority,
    state: orNull(message.state),
    startAt: message.startAt ?? null,
    endAt: message.endAt ?? null,
    transactionId: orNull(message.transactionId),
    texts: message.texts.map((text) => ({ ...text, language: orNull(text.language) })),
    knownAt: message.knownAt ?? null,
  })),
});
