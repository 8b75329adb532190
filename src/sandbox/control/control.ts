/**
 * The control endpoint of a sandbox environment, for tests and manual experiments: faults, violations, requests,
 * containers.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Faults, parseFault } from './faults.js';
import { parseGrants } from '../pve/grants.js';
import type { Pve } from '../pve/start.js';

/**
 * Handles a request. Returns the response as a JSON value. Throws RangeError if the request is invalid. `rest`
 * contains the path segments after the path of the route.
 */
export type ControlHandler = (request: {
  readonly body: unknown;
  readonly query: URLSearchParams;
  readonly rest: readonly string[];
}) => unknown;

export interface ControlOptions {
  readonly faults: Faults;
  readonly pve?: Pve;
  /** Additional routes, which take precedence. The keys have the form `GET /sites`. */
  readonly routes?: Readonly<Record<string, ControlHandler>>;
  readonly host?: string;
  /** The port; 0 means any free port. */
  readonly port?: number;
}

export interface Control {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

const BODY_LIMIT = 1024 * 1024;

function ownRoutes(faults: Faults, pve: Pve | undefined): Record<string, ControlHandler> {
  const lock = (vmid: string | undefined, name: string | undefined): unknown => {
    pve?.lock(Number(vmid), name);
    return { vmid: Number(vmid), lock: name ?? null };
  };
  return {
    'POST /faults': ({ body }) => ({ id: faults.add(parseFault(body)) }),
    'GET /faults': () => ({ faults: faults.list() }),
    'DELETE /faults': ({ rest: [id] }) => {
      if (!faults.remove(id)) throw new RangeError(`there is no fault ${id ?? ''}`);
      return { faults: faults.list() };
    },
    'GET /violations': () => ({ violations: pve?.violations ?? [] }),
    'GET /requests': ({ query }) => {
      const since = Number(query.get('since') ?? 0);
      return { requests: (pve?.requests ?? []).filter(({ n }) => n > since) };
    },
    'GET /containers': () => ({ containers: pve?.containers() ?? [] }),
    'GET /tasks': () => ({ tasks: pve?.tasks() ?? [] }),
    'POST /settle': async () => {
      await pve?.settle();
      return {};
    },
    /** `/locks/101/backup` sets the lock that a crashed backup would leave behind. */
    'PUT /locks': ({ rest: [vmid, name] }) => lock(vmid, name),
    'DELETE /locks': ({ rest: [vmid] }) => lock(vmid, undefined),
    /** `/containers/101` removes the container as if it were lost. Its HA resource and its pool membership stay. */
    'DELETE /containers': async ({ rest: [vmid] }) => {
      await pve?.lose(Number(vmid));
      return { vmid: Number(vmid) };
    },
    /** Sets the privileges of the user and the token: `{privsep, user: {path: [privilege]}, token}`. */
    'PUT /grants': ({ body }) => {
      pve?.setGrants(parseGrants(body));
      return {};
    },
    'DELETE /grants': () => {
      pve?.setGrants(undefined);
      return {};
    },
    /** `/clock/90000` sets the clock of the simulated Proxmox ahead of the real time by this number of milliseconds. */
    'PUT /clock': ({ rest: [offset] }) => {
      if (!/^-?\d+$/.test(offset ?? '')) throw new RangeError('a number of milliseconds is required');
      pve?.setClock(Number(offset));
      return { offsetMs: Number(offset) };
    },
    /** `/nodes/pve2/offline`, `/nodes/pve2/online` */
    'PUT /nodes': ({ rest: [node = '', state] }) => {
      pve?.setOnline(node, state === 'online');
      return { node, online: state === 'online' };
    },
  };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > BODY_LIMIT) throw new RangeError('the body is too large');
  }
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new RangeError('the body is not JSON');
  }
}

function answerJson(response: ServerResponse, status: number, value: unknown): void {
  response
    .writeHead(status, { 'Content-Type': 'application/json' })
    .end(`${JSON.stringify(value ?? null)}\n`);
}

export async function startControl(options: ControlOptions): Promise<Control> {
  const { faults, pve, host = '127.0.0.1', port = 0 } = options;
  const routes: Record<string, ControlHandler> = { ...ownRoutes(faults, pve), ...options.routes };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://control');
    const [first = '', ...rest] = url.pathname.split('/').filter((part) => part !== '');
    const name = `${request.method ?? 'GET'} /${first}`;
    const route = Object.hasOwn(routes, name) ? routes[name] : undefined;
    if (!route) {
      answerJson(response, 404, { error: `no route ${name}`, routes: Object.keys(routes) });
      return;
    }
    try {
      const body = await readBody(request);
      answerJson(response, 200, await route({ body, query: url.searchParams, rest }));
    } catch (error) {
      const known = error instanceof RangeError || error instanceof SyntaxError;
      answerJson(response, known ? 400 : 500, {
        error: error instanceof Error ? error.message : String(error),
      });
    }
  };
  const server = createServer((request, response) => void handle(request, response));
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('the control server has no TCP address');
  return {
    url: `http://${host}:${address.port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
