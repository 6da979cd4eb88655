import { DEVICE_TOPIC, FIRMWARE_TOPIC, JOB_TOPIC, MODEL_TOPIC, MOVE_TOPIC, UPLOAD_TOPIC } from '@voltlog/device-contract';
import type { ServiceContext } from '@voltlog/service';
import { type Commit, OutboxRelay } from '@voltlog/store';

/** Kind of a stream, `<kind>:<key>` or `<kind>:<key>:<more>`, and the topic its commits go to. */
const TOPICS: Readonly<Record<string, string>> = {
  site: DEVICE_TOPIC,
  station: DEVICE_TOPIC,
  job: JOB_TOPIC,
  'job-part': JOB_TOPIC,
  model: MODEL_TOPIC,
  configuration: MODEL_TOPIC,
  template: MODEL_TOPIC,
  alert: MODEL_TOPIC,
  'firmware-image': FIRMWARE_TOPIC,
  campaign: FIRMWARE_TOPIC,
  'firmware-update': FIRMWARE_TOPIC,
  'firmware-publication': FIRMWARE_TOPIC,
  'log-upload': UPLOAD_TOPIC,
  move: MOVE_TOPIC,
  'station-move': MOVE_TOPIC,
};

/** Brings the commits of every stream of the service to the topic of its kind. */
export const createOutbox = ({ store, log, logger }: ServiceContext): OutboxRelay =>
  new OutboxRelay({ streams: store.streams, log, logger, topic: topicOf, keyOf });

function topicOf({ streamId }: Commit): string {
  const topic = TOPICS[streamId.slice(0, streamId.indexOf(':'))];
  if (topic === undefined) throw new Error(`stream ${streamId} is of no kind that is published`);
  return topic;
}

/** Kinds whose streams go with what the first part of their key names: parts of a job, alerts of a station, stations of a campaign or a move. */
const BELONGING: ReadonlySet<string> = new Set(['job-part', 'alert', 'firmware-update', 'firmware-publication', 'station-move']);

function keyOf({ streamId }: Commit): string {
  const [kind = '', ...key] = streamId.split(':');
  return BELONGING.has(kind) ? (key[0] ?? '') : key.join(':');
}
