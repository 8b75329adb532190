/**
 * Handles a request from its arrival to its response: applies faults, checks credentials and parameters, calls the
 * method, and sends the response.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { neverAborted } from '../../kernel/async/never.js';
import { orAbort } from '../../kernel/async/race.js';
import { withLimit } from '../../kernel/async/with-limit.js';
import type { Json } from '../../kernel/json.js';
import type { Faults, Strike } from '../control/faults.js';
import { authenticate, authorize, type Token } from './access.js';
import { checkAll } from './check.js';
import { type Call, type Cluster, strikeContainer } from './cluster.js';
import { messageOf, PveError, refuse } from './failure.js';
import { untilWorkerFree } from './mount-check.js';
import { type Finder, type FoundRoute, propertiesOf } from './route.js';
import type { PublishedSchema, Violation } from './schema.js';
import {
  type Answer,
  failure,
  pageOf,
  put,
  readParameters,
  refuseTransfer,
  success,
  targetOf,
} from './wire.js';

export interface RequestRecord {
  /** The sequence number, from 1. */
  readonly n: number;
  readonly at: string;
  readonly method: string;
  readonly path: string;
  /** The parameters without passwords. */
  readonly values: Readonly<Record<string, string>>;
  /** The status, or 0 if the connection was closed without a response. */
  readonly status: number;
  readonly reason: string;
  readonly ms: number;
}

export interface ServerParts {
  readonly cluster: Cluster;
  readonly find: Finder;
  readonly token: Token;
  readonly faults: Faults;
  readonly schema: PublishedSchema | undefined;
  readonly violations: Violation[];
  readonly requests: RequestRecord[];
  readonly authDelayMs: number;
  /** Returns how many milliseconds the clock of the simulated Proxmox is ahead of the real time. */
  readonly clock: { offsetMs: number };
  readonly proxyTimeoutMs: number;
  readonly log: (line: string) => void;
}

const KEPT = 20_000;

export function requestHandler(parts: ServerParts): (req: IncomingMessage, res: ServerResponse) => void {
  let count = 0;
  return (request, response) => {
    count += 1;
    const n = count;
    response.setHeader('Date', new Date(Date.now() + parts.clock.offsetMs).toUTCString());
    const started = Date.now();
    const seen: { path: string; values: Readonly<Record<string, string>> } = {
      path: request.url ?? '',
      values: {},
    };
    void answer(parts, request, response, seen)
      .catch((error: unknown) => {
        parts.log(
          `defect in the look-alike: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
        );
        if (!response.headersSent) put(response, { status: 500, reason: messageOf(error) });
        return { status: 500, reason: messageOf(error) };
      })
      .then(({ status, reason }) => {
        const { method = '' } = request;
        const at = new Date(started).toISOString();
        parts.requests.push({ n, at, method, ...seen, status, reason, ms: Date.now() - started });
        if (parts.requests.length > KEPT) parts.requests.splice(0, KEPT / 10);
        parts.log(`${method} ${seen.path} ${status} ${reason}`);
      });
  };
}

/** The response for a token that has expired, or whose secret has changed. */
const DENIED: Answer = { status: 401, reason: 'Authentication failed!' };
const CLOSED = { status: 0, reason: 'connection closed' };

async function answer(
  parts: ServerParts,
  request: IncomingMessage,
  response: ServerResponse,
  seen: { path: string; values: Readonly<Record<string, string>> },
): Promise<{ status: number; reason: string }> {
  const { method = '' } = request;
  const { path } = tolerant(request);
  seen.path = path;
  const strike = parts.faults.strike('pve', { method, path });
  if (strike.delayMs > 0) await pause(strike.delayMs);
  const { kind } = strike;
  if (kind && ('down' in kind || ('drop' in kind && kind.drop === 'before'))) {
    request.socket.destroy();
    return CLOSED;
  }
  const early = kind && 'status' in kind && kind.after !== true ? injected(kind, parts) : undefined;
  const given =
    kind && 'denied' in kind ? DENIED : (early ?? (await honestAnswer(parts, request, strike, seen)));
  if (kind && 'drop' in kind) {
    request.socket.destroy();
    return CLOSED;
  }
  const final = kind && 'status' in kind && kind.after === true ? injected(kind, parts) : given;
  put(response, final, kind);
  return final;
}

function tolerant(request: IncomingMessage): { path: string } {
  try {
    return targetOf(request);
  } catch {
    return { path: request.url ?? '' };
  }
}

function injected(
  kind: {
    readonly status: number;
    readonly reason?: string;
    readonly errors?: Record<string, string>;
    readonly page?: true;
  },
  { cluster }: ServerParts,
): Answer {
  const reason = kind.reason ?? `injected fault ${kind.status}`;
  if (kind.page === true) return { status: kind.status, reason, page: pageOf(reason) };
  return failure(new PveError(kind.status, reason, kind.errors), cluster.version);
}

async function honestAnswer(
  parts: ServerParts,
  request: IncomingMessage,
  strike: Strike,
  seen: { values: Readonly<Record<string, string>> },
): Promise<Answer> {
  const { cluster, authDelayMs } = parts;
  try {
    const attributes: Call['attributes'] = {};
    const data = await perform(parts, request, strike, seen, attributes);
    return success(data, attributes);
  } catch (error) {
    if (!(error instanceof PveError)) throw error;
    if (error.status === 401) await pause(authDelayMs);
    return failure(error, cluster.version);
  }
}

async function perform(
  parts: ServerParts,
  request: IncomingMessage,
  strike: Strike,
  seen: { values: Readonly<Record<string, string>> },
  attributes: Call['attributes'],
): Promise<Json> {
  const { cluster, token } = parts;
  const { method = '' } = request;
  refuseTransfer(request);
  const { path, query } = targetOf(request);
  const user = authenticate(request.headers.authorization, token, cluster.version);
  const values = await readParameters(request, query);
  seen.values = Object.fromEntries(Object.entries(values).filter(([name]) => name !== 'password'));
  const found = parts.find(method, path);
  refuseViolation(parts, method, path, values);
  if (!found) throw new PveError(501, `Method '${method} ${path}' not implemented`);
  refuseNode(cluster, found);
  authorize(found, values, cluster);
  const complaints = checkAll(propertiesOf(found, cluster.version), { ...values, ...found.path });
  if (Object.keys(complaints).length > 0) refuse(complaints);
  const call = { cluster, user, values: { ...values, ...found.path }, strike, attributes };
  const done = run(found, call, method);
  const data = await withinProxyTimeout(done, parts.proxyTimeoutMs);
  if (method !== 'GET') await cluster.store.save();
  return data;
}

async function run(found: FoundRoute, call: Call, method: string): Promise<Json> {
  const { cluster, strike, user } = call;
  if (method !== 'GET' || found.route.protected === true)
    await untilWorkerFree(cluster, found.path['node'] ?? cluster.nodes[0]?.node ?? '');
  strikeContainer(call);
  if (method === 'GET' || !strike.kind || !('lie' in strike.kind)) return found.route.run(call);
  if (found.route.task === undefined) return null;
  const { node = '', vmid = '' } = call.values;
  const requested = { node, type: found.route.task, id: vmid, user, fault: { lie: true } };
  return cluster.tasks.fork(requested, async () => {});
}

function refuseViolation(
  { schema, violations }: ServerParts,
  method: string,
  path: string,
  values: Readonly<Record<string, string>>,
): void {
  const found = schema?.check(method, path, values) ?? [];
  violations.push(...found);
  const first = found[0];
  if (first && first.errors[''] === undefined) refuse(first.errors);
}

/**
 * Checks that the node of a request is known and online. Otherwise the request fails, because the API forwards it to
 * this node.
 */
function refuseNode(cluster: Cluster, { path }: FoundRoute): void {
  const { node } = path;
  if (node === undefined) return;
  const known = cluster.nodes.find((each) => each.node === node);
  if (!known)
    throw new PveError(
      500,
      `hostname lookup '${node}' failed - failed to get address info for: ${node}: Name or service not known`,
    );
  if (!known.online)
    throw new PveError(595, 'Errors during connection establishment, proxy handshake: No route to host');
}

/** The error response that is sent when the time limit is reached. The work continues after this response. */
async function withinProxyTimeout(work: Promise<Json>, limitMs: number): Promise<Json> {
  const timedOut = (): PveError => new PveError(596, 'Connection timed out');
  return withLimit(neverAborted(), limitMs, (late) => orAbort(work, late, timedOut));
}
