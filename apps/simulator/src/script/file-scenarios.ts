import type { FirmwareConduct } from '../station/firmware-update.js';
import type { OcppVersion } from '../station/protocol.js';
import type { Scenario } from './scenarios.js';
import type { Step } from './steps.js';

const ALL = ['1.6', '2.0.1', '2.1'] as const;
const V2 = ['2.0.1', '2.1'] as const;
/** Somebody has to start the campaign meanwhile. */
const PATIENCE_SECONDS = 120;
/** By a firmware campaign, see docs/how-to/update-firmware.md. */
const COMMANDS = ['UpdateFirmware'];

const said = (status: string): Step => ({
  do: 'awaitCall',
  action: 'FirmwareStatusNotification',
  payload: { status },
  withinSeconds: PATIENCE_SECONDS,
});
const published = (status: string): Step => ({
  do: 'awaitCall',
  action: 'PublishFirmwareStatusNotification',
  payload: { status },
  withinSeconds: PATIENCE_SECONDS,
});
const ordered: Step = { do: 'awaitCommand', action: 'UpdateFirmware', withinSeconds: PATIENCE_SECONDS };

const update = (name: string, title: string, conduct: FirmwareConduct, then: readonly Step[]): Scenario => ({
  name,
  title,
  versions: ALL,
  station: { firmware: conduct },
  commands: COMMANDS,
  steps: () => [ordered, ...then],
});

const logAction = (version: OcppVersion): string => (version === '1.6' ? 'GetDiagnostics' : 'GetLog');
const statusAction = (version: OcppVersion): string => (version === '1.6' ? 'DiagnosticsStatusNotification' : 'LogStatusNotification');

/** Firmware and logs: what is fetched and brought goes over HTTP for real. Unsigned images only; signed ones go in any other run. */
export const FILE_SCENARIOS: readonly Scenario[] = [
  update('firmware-update', 'a campaign updates the station; it fetches the image, installs it and boots with it', 'installs', [
    said('Installed'),
  ]),
  update('firmware-fails', 'the station dies while installing, and boots with what it had', 'dies', [
    said('Installing'),
    { do: 'awaitCall', action: 'BootNotification', payload: {}, count: 2, withinSeconds: PATIENCE_SECONDS },
  ]),
  update('firmware-lies', 'the station says all went well and does nothing', 'lies', [said('Installed')]),
  update('firmware-hangs', 'the station says Downloading and never again anything', 'hangs', [said('Downloading')]),
  {
    name: 'publish-firmware',
    title: 'a local controller publishes the image of a campaign to the stations behind it, until the campaign is over',
    versions: V2,
    station: { publishes: 'publishes' },
    commands: ['PublishFirmware', 'UnpublishFirmware'],
    steps: () => [
      { do: 'awaitCommand', action: 'PublishFirmware', withinSeconds: PATIENCE_SECONDS },
      published('Published'),
      { do: 'awaitCommand', action: 'UnpublishFirmware', withinSeconds: PATIENCE_SECONDS },
    ],
  },
  {
    name: 'publish-fails',
    title: 'a local controller cannot publish the image of a campaign; the stations behind it fetch it from the CSMS',
    versions: V2,
    station: { publishes: 'fails' },
    commands: ['PublishFirmware'],
    steps: () => [{ do: 'awaitCommand', action: 'PublishFirmware', withinSeconds: PATIENCE_SECONDS }, published('PublishFailed')],
  },
  {
    name: 'upload-log',
    title: 'somebody asks for its log; the station uploads it to the address it is given',
    versions: ALL,
    needsApi: true,
    steps: (version) => [
      { do: 'api', method: 'POST', path: '/v1/stations/{station}/log-uploads', body: {}, answer: { answer: 'Accepted' } },
      { do: 'awaitCommand', action: logAction(version) },
      { do: 'awaitCall', action: statusAction(version), payload: { status: 'Uploaded' } },
      {
        do: 'awaitApi',
        path: '/v1/log-uploads?stationId={station}&limit=1',
        answer: { data: [{ state: 'Received', status: 'Uploaded' }] },
      },
    ],
  },
];
