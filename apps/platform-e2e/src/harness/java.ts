import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ROOT } from './child.js';
import { lastLine, STATION_MS, toolchain } from './toolchain.js';

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
  for (const file of ['pom.xml', 'Station16.java']) hash.update(readFileSync(join(FOREIGN, file)));
  const folder = join(ROOT, 'node_modules/.cache/platform-e2e', `java-${hash.digest('hex').slice(0, 12)}`);
  const [libraries, classes, done] = [join(folder, 'lib'), join(folder, 'classes'), join(folder, 'complete')];
  if (!existsSync(done)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(classes, { recursive: true });
    await toolchain('Maven', 'mvn', [
      '-B',
      '-q',
      '-f',
      join(FOREIGN, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${libraries}`,
    ]);
    await toolchain('a JDK 17', 'javac', ['-cp', join(libraries, '*'), '-d', classes, join(FOREIGN, 'Station16.java')]);
    writeFileSync(done, '');
  }
  return { classPath: [join(libraries, '*'), classes].join(delimiter), wsdlJar: join(libraries, 'v1_6-1.1.0.jar') };
}

/** Runs the station to its end. @returns the last line it printed, as JSON @throws when it failed, with what it printed */
export async function runJava<Result>({ classPath }: PreparedJava, args: readonly string[]): Promise<Result> {
  return lastLine(await toolchain('Java 17', 'java', ['-cp', classPath, 'Station16', ...args], { timeout: STATION_MS }));
}
