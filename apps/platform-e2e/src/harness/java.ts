import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './child.js';

const run = promisify(execFile);
const FOREIGN = join(ROOT, 'apps/platform-e2e/foreign/java');

export interface PreparedJava {
  /** Of the station and the libraries of its `pom.xml`. */
  readonly classPath: string;
  /** The library with the official WSDLs of OCPP 1.6 in it. */
  readonly wsdlJar: string;
}

/** The station of `foreign/java`, compiled, with its libraries; made once and kept. */
export async function prepareJava(): Promise<PreparedJava> {
  const hash = createHash('sha256');
  for (const file of ['pom.xml', 'Station16S.java']) hash.update(readFileSync(join(FOREIGN, file)));
  const folder = join(ROOT, 'node_modules/.cache/platform-e2e', `java-${hash.digest('hex').slice(0, 12)}`);
  const [libraries, classes, done] = [join(folder, 'lib'), join(folder, 'classes'), join(folder, 'complete')];
  if (!existsSync(done)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(classes, { recursive: true });
    await run('mvn', ['-B', '-q', '-f', join(FOREIGN, 'pom.xml'), 'dependency:copy-dependencies', `-DoutputDirectory=${libraries}`]);
    await run('javac', ['-cp', join(libraries, '*'), '-d', classes, join(FOREIGN, 'Station16S.java')]);
    writeFileSync(done, '');
  }
  return { classPath: [join(libraries, '*'), classes].join(delimiter), wsdlJar: join(libraries, 'v1_6-1.1.0.jar') };
}

/** Runs the station to its end. @returns the last line it printed, as JSON @throws when it failed, with what it printed */
export async function runJava<Result>({ classPath }: PreparedJava, args: readonly string[]): Promise<Result> {
  const { stdout } = await run('java', ['-cp', classPath, 'Station16S', ...args], { timeout: 60_000 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Result;
}
