/** A hosting panel on a loopback port, with faults that a test can turn on. */
import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Account {
  email: string;
  password: string;
  quota_gb: number;
  suspended: boolean;
  disk_bytes: number;
  mailboxes: number;
}

export interface PanelServer {
  readonly port: number;
  readonly accounts: Map<string, Account>;
  /** Requests, such as `PUT /accounts/u12`. */
  readonly calls: string[];
  /**
   * Decides about each request. `lie`: a success without an effect. `mute`: an effect without a response. A number is
   * the status of a response without an effect.
   */
  fault: (call: string) => 'lie' | 'mute' | 'hang' | 'drop' | number | undefined;
  close(): Promise<void>;
}

export const TOKEN = 'panel-token-that-nobody-may-see';

export async function panelServer(tls?: {
  readonly cert: string;
  readonly key: string;
}): Promise<PanelServer> {
  const accounts = new Map<string, Account>();
  const calls: string[] = [];
  const panel = { fault: (_: string): ReturnType<PanelServer['fault']> => undefined };
  const server: HttpServer = tls ? createTlsServer(tls) : createServer();
  server.on('request', (request, response) => {
    void (async (): Promise<void> => {
      const { method = '', url = '', headers } = request;
      const call = `${method} ${url}`;
      calls.push(call);
      const body: unknown = JSON.parse((await text(request)) || '{}');
      const fault = panel.fault(call);
      if (fault === 'drop') request.socket.destroy();
      if (fault === 'drop' || fault === 'hang') return;
      if (typeof fault === 'number') say(response, fault, { error: 'a fault' });
      else if (headers.authorization !== `Bearer ${TOKEN}`) say(response, 401, { error: 'who are you?' });
      else if (fault === 'lie') say(response, 200, {});
      else {
        const [status, said] = answer(accounts, method, url, body as Partial<Account>);
        if (fault !== 'mute') say(response, status, said);
      }
    })();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    port: (server.address() as AddressInfo).port,
    ...{ accounts, calls },
    get fault() {
      return panel.fault;
    },
    set fault(fault) {
      panel.fault = fault;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function answer(
  accounts: Map<string, Account>,
  method: string,
  url: string,
  body: Partial<Account>,
): [number, object] {
  const [, , login = '', part] = url.split('/');
  const account = accounts.get(login);
  if (url === '/version') return [200, { version: '12.4' }];
  if (method === 'PUT' && part === undefined) {
    const usual = { suspended: false, disk_bytes: 1_000_000, mailboxes: 3 };
    accounts.set(login, { email: '', password: '', quota_gb: 0, ...usual, ...account, ...body });
    return [200, {}];
  }
  if (!account) return [404, { error: 'no such account' }];
  if (method === 'DELETE') accounts.delete(login);
  if (part === 'suspended') account.suspended = body.suspended === true;
  return [200, account];
}

function say(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
