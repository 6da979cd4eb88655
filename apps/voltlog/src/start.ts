import 'reflect-metadata';
import { onStopSignal, tuneGarbageCollection } from '@voltlog/service';
import { DEMO_EVSE, DEMO_KEY_CODE, startDemo } from './demo.js';
import { type Platform, startPlatform } from './platform.js';

export interface StartOptions {
  readonly data: string;
  readonly httpPort: string;
  readonly ocppPort: string;
  readonly host: string;
  readonly demo: boolean;
  readonly logLevel: string;
}

/** Addresses that only this machine reaches. */
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/** Starts everything, says where it is, and stops it in order at a signal. */
export async function start(options: StartOptions, environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  tuneGarbageCollection();
  const platform = await startPlatform({
    dataFolder: options.data,
    logLevel: options.logLevel,
    environment: {
      // The demo lets its visitor charge, and has master passes; nobody else is let in, or privileged, unasked.
      ...(options.demo ? { GATEWAY_GUEST_CHARGING: 'free-vend', AUTHORIZATION_MASTER_PASS_GROUP: 'MASTER-PASS' } : {}),
      ...environment,
      HTTP_PORT: options.httpPort,
      HTTP_HOST: options.host,
      OCPP_PORT: options.ocppPort,
      OCPP_HOST: environment['OCPP_HOST'] ?? options.host,
      NOTIFICATION_PUBLIC_URL: environment['NOTIFICATION_PUBLIC_URL'] ?? environment['GATEWAY_PUBLIC_URL'] ?? ownUrl(options),
      // Who can reach the API is on this machine, and so is what they want to be told at.
      NOTIFICATION_ALLOW_PRIVATE_TARGETS: environment['NOTIFICATION_ALLOW_PRIVATE_TARGETS'] ?? String(LOOPBACK.has(options.host)),
      DEVICE_ALLOW_PRIVATE_TARGETS: environment['DEVICE_ALLOW_PRIVATE_TARGETS'] ?? String(LOOPBACK.has(options.host)),
      CONNECTION_ALLOW_PRIVATE_TARGETS: environment['CONNECTION_ALLOW_PRIVATE_TARGETS'] ?? String(LOOPBACK.has(options.host)),
    },
    progress: (text) => process.stdout.write(`  ${text}\n`),
  });
  const demo = options.demo ? await startDemo(platform) : undefined;
  process.stdout.write(welcome(platform, options.demo));
  onStopSignal(
    async () => {
      process.stdout.write('\nStopping: finishing what is under way (press Ctrl+C again to stop at once)\n');
      await demo?.stop();
      await platform.stop();
      process.stdout.write('Stopped. Everything is kept.\n');
    },
    (error) => process.stderr.write(`did not stop in order: ${String(error)}\n`),
  );
}

/** A line for each TLS listener. */
const secured = ({ ocppTlsUrl, ocppMtlsUrl }: Platform): string =>
  [
    [ocppTlsUrl, 'security profile 2'],
    [ocppMtlsUrl, 'security profile 3'],
  ]
    .filter(([url]) => url !== '')
    .map(([url, what]) => `             ${url}/{stationId}    (${what})\n`)
    .join('');

function welcome(platform: Platform, demo: boolean): string {
  const { httpUrl, ocppUrl, adminKey, dataFolder } = platform;
  return `
Voltlog is running.

  Console    ${httpUrl}/${adminKey === undefined ? '' : `#key=${adminKey}`}
${demo ? `  Driver     ${httpUrl}/c/${DEMO_EVSE}    (what a QR code opens; as a guest, or with the key code ${DEMO_KEY_CODE})\n` : ''}  API        ${httpUrl}/docs
  Stations   ${ocppUrl}/{stationId}    (OCPP 1.6J, 2.0.1 and 2.1)
             ${ocppUrl.replace(/^ws/, 'http')}/soap    (OCPP 1.6S)
${secured(platform)}  Data       ${dataFolder}
${
  adminKey === undefined
    ? '  Admin key  shown at the first start; a lost one is replaced by starting once with GATEWAY_ADMIN_KEY set\n'
    : `  Admin key  ${adminKey}    (shown this once; keep it)\n`
}${demo ? '\nThree simulated stations are charging; one more car comes when you start on the driver page. Start with --no-demo to leave them out.\n' : ''}
Stop with Ctrl+C.
`;
}

/** Where a browser on this machine finds the API; empty while the port is not known. */
function ownUrl({ host, httpPort }: Pick<StartOptions, 'host' | 'httpPort'>): string {
  if (httpPort === '0') return '';
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${httpPort}`;
}
