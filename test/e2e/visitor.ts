/** A visitor of a site: resolves its name at the sandbox's DNS, trusts only the sandbox's CA, keeps cookies. */
import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { TLSSocket } from 'node:tls';
import type { Ready as Whole } from './processes.js';

type Ready = Pick<Whole, 'ca_file' | 'proxy' | 'dns'>;

export interface Page {
  readonly status: number;
  readonly location: string;
  readonly body: string;
  /** Text of <title>. */
  readonly title: string;
  /** Subject alternative names of the certificate that was verified. */
  readonly names: string;
}

export class Visitor {
  readonly #ready: Ready;
  readonly #host: string;
  readonly #cookies = new Map<string, string>();

  constructor(ready: Ready, host: string) {
    this.#ready = ready;
    this.#host = host;
  }

  async resolve(): Promise<string[]> {
    const resolver = new Resolver();
    resolver.setServers([`${this.#ready.dns.host}:${this.#ready.dns.port}`]);
    return resolver.resolve4(this.#host);
  }

  /** The public address is of a documentation range: the connection goes to where the sandbox's proxy listens. */
  async open(path: string, form?: Readonly<Record<string, string>>): Promise<Page> {
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const ca = await readFile(this.#ready.ca_file);
    return new Promise((resolve, reject) => {
      const asked = request({
        host: '127.0.0.1',
        port: this.#ready.proxy.https_port,
        servername: this.#host,
        ca,
        path,
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          host: this.#host,
          cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
          ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        agent: false,
        timeout: 60_000,
      });
      asked.on('timeout', () => asked.destroy(new Error(`${this.#host}${path} does not answer`)));
      asked.on('error', reject);
      asked.on('response', (answer) => {
        const { socket } = answer;
        const names = socket instanceof TLSSocket ? (socket.getPeerCertificate().subjectaltname ?? '') : '';
        this.#keep(answer.headers['set-cookie'] ?? []);
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            location: answer.headers.location ?? '',
            body: text,
            title: /<title[^>]*>\s*([^<]*?)\s*<\/title>/i.exec(text)?.[1] ?? '',
            names,
          }),
        );
      });
      asked.end(body);
    });
  }

  /** WordPress's own form, then its dashboard. */
  async logIn(user: string, password: string): Promise<Page> {
    await this.open('/wp-login.php');
    const goal = `https://${this.#host}/wp-admin/`;
    const form = { log: user, pwd: password, 'wp-submit': 'Log In', redirect_to: goal, testcookie: '1' };
    const answer = await this.open('/wp-login.php', form);
    return answer.status === 302 && answer.location === goal ? this.open('/wp-admin/') : answer;
  }

  #keep(cookies: readonly string[]): void {
    for (const cookie of cookies) {
      const found = /^([^=]+)=([^;]*)/.exec(cookie);
      if (found?.[1] !== undefined && found[2] !== undefined) this.#cookies.set(found[1], found[2]);
    }
  }
}
