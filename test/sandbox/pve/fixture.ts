/** A look-alike on a random port with a client that shows everything of an answer: status line, headers, body. */
import 'reflect-metadata';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import * as x509 from '@peculiar/x509';
import { type MemoryBackend, memoryBackend } from '../../../src/sandbox/memory/containers.js';
import type { PveOptions } from '../../../src/sandbox/pve/options.js';
import { type Pve, startPve } from '../../../src/sandbox/pve/start.js';

export const TOKEN = { id: 'innkeeper@pve!agent', secret: '11111111-2222-3333-4444-555555555555' };

export interface Reply {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** `data` of the body, or undefined when there is none. */
  readonly data: unknown;
  readonly message: string | undefined;
  readonly errors: Readonly<Record<string, string>> | undefined;
}

export interface Fixture {
  readonly pve: Pve;
  readonly backend: MemoryBackend;
  readonly ask: (method: string, path: string, values?: Values, extra?: Extra) => Promise<Reply>;
  /** Calls, and waits for the task; its exit status. */
  readonly task: (method: string, path: string, values?: Values) => Promise<string>;
  readonly exit: (upid: string) => Promise<string>;
}

type Extra = Omit<RequestOptions, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };
type Values = Readonly<Record<string, string | number>>;

/** One self-signed certificate for the whole test process. */
const made = new Map<'pem', Promise<{ cert: string; key: string }>>();

export function certificate(): Promise<{ cert: string; key: string }> {
  const known = made.get('pem') ?? makeCertificate();
  made.set('pem', known);
  return known;
}

async function makeCertificate(): Promise<{ cert: string; key: string }> {
  const alg = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(alg, true, ['sign', 'verify']);
  x509.cryptoProvider.set(crypto);
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=pve1',
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 86_400_000),
    signingAlgorithm: alg,
    keys,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const key = `-----BEGIN PRIVATE KEY-----\n${(der.match(/.{1,64}/g) ?? []).join('\n')}\n-----END PRIVATE KEY-----\n`;
  return { cert: cert.toString('pem'), key };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function parse(text: string): {
  data: unknown;
  message: string | undefined;
  errors: Record<string, string> | undefined;
} {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { data: undefined, message: undefined, errors: undefined };
  }
  const { data, message, errors } = isRecord(body) ? body : {};
  return {
    data,
    message: typeof message === 'string' ? message : undefined,
    errors: isRecord(errors)
      ? Object.fromEntries(
          Object.entries(errors).map(([name, value]): [string, string] => [name, String(value)]),
        )
      : undefined,
  };
}

export function asker(url: string, token = TOKEN): Fixture['ask'] {
  return (method, path, values = {}, extra = {}) => {
    const form = new URLSearchParams(
      Object.entries(values).map(([key, value]): [string, string] => [key, String(value)]),
    ).toString();
    const inBody = method === 'POST' || method === 'PUT';
    const target = new URL(`${url}/api2/json${path}${inBody || form === '' ? '' : `?${form}`}`);
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        target,
        {
          method,
          rejectUnauthorized: false,
          agent: false,
          ...extra,
          headers: {
            authorization: `PVEAPIToken=${token.id}=${token.secret}`,
            ...(inBody
              ? {
                  'content-type': 'application/x-www-form-urlencoded',
                  'content-length': Buffer.byteLength(form),
                }
              : {}),
            ...extra.headers,
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('error', reject);
          response.on('end', () => {
            const { statusCode: status = 0, statusMessage: reason = '', headers } = response;
            resolve({ status, reason, headers, text, ...parse(text) });
          });
        },
      );
      request.on('error', reject);
      request.end(inBody ? form : undefined);
    });
  };
}

export interface Teardown {
  teardown(work: () => Promise<void>): unknown;
}

export async function fixture(t: Teardown, options: Partial<PveOptions> = {}): Promise<Fixture> {
  const backend = await memoryBackend({ golden: [9001, 9002, 9003] });
  const pve = await startPve({
    backend,
    tls: await certificate(),
    token: TOKEN,
    delays: 0,
    authDelayMs: 5,
    statsMs: 20,
    schemaDir: '',
    ...options,
  });
  t.teardown(async () => {
    await pve.close();
    await backend.close();
  });
  const ask = asker(pve.url);
  const exit = async (upid: string): Promise<string> => {
    const node = upid.split(':')[1] ?? '';
    for (let tries = 0; tries < 2000; tries += 1) {
      const { data } = await ask('GET', `/nodes/${node}/tasks/${encodeURIComponent(upid)}/status`);
      if (isRecord(data) && data['status'] === 'stopped') return String(data['exitstatus']);
      await new Promise((resolve) => void setTimeout(resolve, 3));
    }
    throw new Error(`the task does not end: ${upid}`);
  };
  const task: Fixture['task'] = async (method, path, values) => {
    const reply = await ask(method, path, values);
    if (reply.status !== 200)
      throw new Error(`${method} ${path}: ${reply.status} ${reply.reason} ${reply.text}`);
    return exit(String(reply.data));
  };
  return { pve, backend, ask, task, exit };
}

/** A field of an answer's data. */
export function field(data: unknown, name: string): unknown {
  return isRecord(data) ? data[name] : undefined;
}
