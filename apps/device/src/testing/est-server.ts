import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** An EST server (RFC 7030) that nobody here wrote the crypto of: a root and an authority under it, kept by OpenSSL. */
export class EstServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'voltlog-est-'));
  readonly requests: string[] = [];
  /** Instead of the usual answer; undefined: the usual. */
  answer: ((response: ServerResponse, operation: string) => void) | undefined;
  /** What comes with the certificate, besides it. */
  withChain = false;
  private readonly server: Server;

  private constructor() {
    this.openssl('req', '-x509', ...KEY, '-keyout', 'root.key', '-out', 'root.pem', '-days', '30', '-subj', '/CN=Their Root');
    this.openssl('req', ...KEY, '-keyout', 'sub.key', '-out', 'sub.csr', '-subj', '/CN=Their Sub-CA');
    this.sign('sub', 'root', 'basicConstraints=critical,CA:TRUE\n');
    this.openssl('req', ...KEY, '-keyout', 'tls.key', '-out', 'tls.csr', '-subj', '/CN=est');
    this.sign('tls', 'root', 'subjectAltName=IP:127.0.0.1\n');
    this.server = createServer({ key: this.read('tls.key'), cert: this.read('tls.pem') }, (request, response) =>
      this.serve(request, response),
    );
  }

  static async start(): Promise<EstServer> {
    const server = new EstServer();
    await new Promise<void>((resolve) => server.server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    const address = this.server.address();
    return `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/.well-known/est`;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.file(name), 'utf8');
  }

  openssl(...args: string[]): string {
    return execFileSync('openssl', args, { cwd: this.folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private sign(name: string, by: string, extensions: string): void {
    writeFileSync(this.file(`${name}.ext`), extensions);
    this.openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      `${by}.pem`,
      '-CAkey',
      `${by}.key`,
      '-days',
      '20',
      '-extfile',
      `${name}.ext`,
      '-out',
      `${name}.pem`,
    );
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const operation = (request.url ?? '').split('/').at(-1) ?? '';
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.requests.push(operation);
      if (this.answer !== undefined) return this.answer(response, operation);
      if (request.headers.authorization !== `Basic ${Buffer.from('voltlog:secret').toString('base64')}`)
        return void response.writeHead(401).end('who are you?');
      if (operation === 'simpleenroll' || operation === 'simplereenroll') {
        if (request.headers['content-type'] !== 'application/pkcs10') return void response.writeHead(415).end();
        writeFileSync(this.file('csr.der'), Buffer.from(Buffer.concat(chunks).toString('latin1'), 'base64'));
        this.openssl('req', '-inform', 'DER', '-in', 'csr.der', '-out', 'new.csr');
        this.sign('new', 'sub', 'extendedKeyUsage=clientAuth\n');
      }
      const files = operation === 'cacerts' ? ['root.pem', 'sub.pem'] : ['new.pem', ...(this.withChain ? ['sub.pem'] : [])];
      this.openssl('crl2pkcs7', '-nocrl', ...files.flatMap((file) => ['-certfile', file]), '-outform', 'DER', '-out', 'answer.p7');
      const base64 = readFileSync(this.file('answer.p7')).toString('base64').replace(/.{64}/g, '$&\r\n');
      response
        .writeHead(200, { 'content-type': 'application/pkcs7-mime; smime-type=certs-only', 'content-transfer-encoding': 'base64' })
        .end(base64);
    });
  }
}
