import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from './api.js';
import { Child } from './child.js';

/** An admin key of the form the gateway makes, fixed for tests. */
export const ADMIN_KEY = 'voltlog_live_e2eadmin_0123456789abcdef0123456789abcdef';

/** `voltlog start` as a user runs it, on a data folder of its own. */
export class AllInOne {
  child: Child;
  api: Api;
  ocppUrl: string;

  private constructor(
    readonly dataFolder: string,
    private readonly environment: Readonly<Record<string, string>>,
    started: Started,
  ) {
    this.child = started.child;
    this.api = started.api;
    this.ocppUrl = started.ocppUrl;
  }

  static async start(
    environment: Readonly<Record<string, string>> = {},
    dataFolder = mkdtempSync(join(tmpdir(), 'voltlog-e2e-')),
  ): Promise<AllInOne> {
    return new AllInOne(dataFolder, environment, await launch(dataFolder, { HTTP_PORT: '0', OCPP_PORT: '0', ...environment }));
  }

  /** Starts again on the same data and the same ports, as after a crash. */
  async restart(): Promise<void> {
    const ports = { HTTP_PORT: new URL(this.api.url).port, OCPP_PORT: new URL(this.ocppUrl).port };
    const started = await launch(this.dataFolder, { ...this.environment, ...ports });
    this.child = started.child;
    this.api = started.api;
  }

  async stop(): Promise<void> {
    await this.child.stop();
    rmSync(this.dataFolder, { recursive: true, force: true });
  }
}

interface Started {
  readonly child: Child;
  readonly api: Api;
  readonly ocppUrl: string;
}

async function launch(dataFolder: string, environment: Readonly<Record<string, string>>): Promise<Started> {
  const child = new Child('voltlog', ['start', '--data', dataFolder, '--no-demo'], { GATEWAY_ADMIN_KEY: ADMIN_KEY, ...environment });
  await child.printed(/Stop with Ctrl\+C/);
  const [, http] = await child.printed(/API\s+(http:\/\/\S+?)\/docs/);
  const [, ocpp] = await child.printed(/Stations\s+(ws:\/\/\S+?)\/\{stationId\}/);
  return { child, api: new Api(http ?? '', ADMIN_KEY), ocppUrl: ocpp ?? '' };
}
