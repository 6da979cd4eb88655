import { createPublicKey, verify } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import { PushBrowser, TestAuthority } from '@voltlog/testing';

/** What a browser is handed over by its push service, decrypted. */
export interface Pushed {
  readonly title: string;
  readonly body: string;
  readonly url: string;
  readonly kind: string;
}

/**
 * A push service and the browser's keys behind it: it takes what RFC 8030 says, checks who signed it (RFC 8292), and decrypts it as the
 * browser would (RFC 8291).
 */
export class PushService {
  readonly pushed: Pushed[] = [];
  /** What was wrong with what came. */
  readonly problems: string[] = [];
  private readonly browser = new PushBrowser();
  /** The key that the browser subscribed with. */
  applicationServerKey = '';

  private constructor(
    private readonly server: Server,
    /** PEM of who vouches for its certificate. */
    readonly authority: string,
  ) {
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        try {
          if (request.headers['content-encoding'] !== 'aes128gcm') throw new Error(`encoded as ${request.headers['content-encoding']}`);
          this.checkSigned(request.headers.authorization ?? '');
          this.pushed.push(JSON.parse(this.browser.decrypt(Buffer.concat(chunks))) as Pushed);
          response.writeHead(201).end();
        } catch (error) {
          this.problems.push(String(error));
          response.writeHead(400).end();
        }
      });
    });
  }

  static async start(): Promise<PushService> {
    const authority = await TestAuthority.create();
    const { certificate, key } = await authority.issue({ commonName: 'push', hosts: ['127.0.0.1'] });
    const server = createServer({ cert: certificate, key });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new PushService(server, authority.certificate);
  }

  private get origin(): string {
    const address = this.server.address();
    return `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  /** What `PushSubscription.toJSON()` says. */
  get subscription() {
    return { endpoint: `${this.origin}/push/1`, expirationTime: null, keys: this.browser.keys };
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** Source: RFC 8292 §2, §3. */
  private checkSigned(authorization: string): void {
    const [, token = '', k = ''] = /^vapid t=([^,\s]+), ?k=(\S+)$/.exec(authorization) ?? [];
    const [header = '', claims = '', signature = ''] = token.split('.');
    if (k !== this.applicationServerKey) throw new Error('signed with another key than the browser subscribed with');
    const point = Buffer.from(k, 'base64url');
    const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') };
    const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const;
    if (!verify('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url'))) throw new Error('wrongly signed');
    const { aud } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { readonly aud: string };
    if (aud !== this.origin) throw new Error(`signed for ${aud}`);
  }
}
