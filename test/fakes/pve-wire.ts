/**
 * A small Proxmox on the wire: HTTPS, an in-memory cluster of three nodes, tasks that end after two looks, and
 * answers a test puts in the way. It knows what the driver's own tests need, no more; the sandbox's look-alike is the
 * thorough one.
 */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { selfSigned, type ServerCertificate } from './tls-files.js';

export interface WireRequest {
  readonly method: string;
  /** Decoded, without `/api2/json` and query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly rawBody: string;
}

/** What to answer instead of (or, with `after`, after) the real thing. */
export interface Answer {
  readonly after?: boolean;
  readonly status?: number;
  readonly reason?: string;
  readonly data?: unknown;
  readonly errors?: Readonly<Record<string, string>>;
  /** Sent as it is instead of JSON. */
  readonly raw?: string;
  readonly contentType?: string;
  /** Close the connection without an answer. */
  readonly drop?: boolean;
  /** Announce more body than is sent, then close. */
  readonly truncate?: boolean;
  /** Never answer. */
  readonly hang?: boolean;
}

export interface WireContainer {
  vmid: number;
  node: string;
  config: Record<string, string | number>;
  running: boolean;
  haState: string | null;
  /** What HA was asked for and will have done after so many looks. */
  requested?: { running: boolean; looks: number };
  snapshots: { name: string; description: string; snaptime: number; snapstate?: string }[];
  firewall: Record<string, string>;
}

interface Task {
  node: string;
  type: string;
  subject: string;
  looks: number;
  exit: string;
  effect: () => void;
}

class Refusal extends Error {
  readonly status: number;
  readonly errors: Record<string, string> | undefined;

  constructor(status: number, message: string, errors?: Record<string, string>) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

export class PveWire {
  readonly requests: WireRequest[] = [];
  readonly containers = new Map<number, WireContainer>();
  /** Virtual machines on pve2: nobody's business, but they have addresses. */
  readonly machines = new Map<number, Record<string, string | number>>();
  readonly haResources = new Map<string, Record<string, string>>();
  readonly haRules = new Map<string, Record<string, string>>();
  release = '9.1.9';
  sharedStorage = false;
  linkedClones = true;
  /** What becomes of a configuration after it was changed. */
  alter: (() => void) | undefined;
  /** Task type -> exit status its next tasks end with, effect left out. */
  readonly #taskEnds = new Map<string, string[]>();
  readonly #answers: { method: string; path: RegExp; answer: Answer }[] = [];
  readonly #tasks = new Map<string, Task>();
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #count = 0;
  #port = 0;

  readonly certificate: ServerCertificate;

  private constructor(certificate: ServerCertificate) {
    this.certificate = certificate;
  }

  static async start(certificate?: ServerCertificate): Promise<PveWire> {
    const wire = new PveWire(certificate ?? (await selfSigned()));
    await wire.#listen();
    return wire;
  }

  get url(): string {
    return `https://localhost:${this.#port}`;
  }

  async #listen(): Promise<void> {
    const { cert, key } = this.certificate;
    const server = createServer({ cert, key }, (request, response) => void this.#serve(request, response));
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(this.#port, 'localhost', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  /** The next `times` requests of this kind are answered so. */
  answer(method: string, path: RegExp, answer: Answer, times = 1): void {
    for (let i = 0; i < times; i += 1) this.#answers.push({ method, path, answer });
  }

  taskEnds(type: string, ...exits: string[]): void {
    this.#taskEnds.set(type, exits);
  }

  sent(method: string, path: RegExp): WireRequest[] {
    return this.requests.filter((request) => request.method === method && path.test(request.path));
  }

  addContainer(
    vmid: number,
    over: Partial<Omit<WireContainer, 'config'>> & { config?: WireContainer['config'] },
  ) {
    const container: WireContainer = {
      vmid,
      node: 'pve1',
      running: false,
      haState: null,
      snapshots: [],
      firewall: {},
      ...over,
      config: {
        hostname: `ct${vmid}`,
        rootfs: `local-lvm:vm-${vmid}-disk-0,size=8G`,
        memory: 512,
        ...over.config,
      },
    };
    this.containers.set(vmid, container);
    return container;
  }

  /** A task that is under way (or ended, after its looks); its id. */
  addTask(node: string, type: string, subject: string, exit: string, looks = 2, effect = () => {}): string {
    this.#count += 1;
    const hex = this.#count.toString(16).toUpperCase().padStart(8, '0');
    const upid = `UPID:${node}:${hex}:00ABCDEF:6900AAAA:${type}:${subject}:innkeeper@pve!agent:`;
    this.#tasks.set(upid, { node, type, subject, looks, exit, effect });
    return upid;
  }

  #task(node: string, type: string, vmid: number, effect: () => void): string {
    const exit = this.#taskEnds.get(type)?.shift();
    return this.addTask(
      node,
      type,
      String(vmid),
      exit ?? 'OK',
      2,
      exit === undefined || /^WARN/.test(exit) ? effect : () => {},
    );
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const rawBody = Buffer.concat(chunks).toString();
    const url = new URL(request.url ?? '/', 'https://x');
    const method = request.method ?? '';
    const inBody = method === 'POST' || method === 'PUT';
    const params = Object.fromEntries(inBody ? new URLSearchParams(rawBody) : url.searchParams);
    const path = decodeURIComponent(url.pathname.replace('/api2/json', ''));
    const seen: WireRequest = { method, path, params, headers: request.headers, rawBody };
    this.requests.push(seen);
    const index = this.#answers.findIndex((one) => one.method === method && one.path.test(path));
    const put = index < 0 ? undefined : this.#answers.splice(index, 1)[0]?.answer;
    let done: Answer = {};
    if (put === undefined || put.after === true) done = this.#handle(seen);
    send(response, put ?? done);
  }

  #handle(request: WireRequest): Answer {
    try {
      if (request.headers['transfer-encoding'] !== undefined)
        throw new Refusal(501, 'chunked is not supported');
      if (request.method === 'DELETE' && request.rawBody !== '')
        throw new Refusal(501, 'Unexpected content for DELETE');
      return { data: this.#route(request) };
    } catch (error) {
      if (!(error instanceof Refusal)) return { status: 500, reason: String(error) };
      return {
        status: error.status,
        reason: error.message,
        ...(error.errors ? { errors: error.errors } : {}),
      };
    }
  }

  #route({ method, path, params }: WireRequest): unknown {
    const parts = path.split('/').slice(1);
    if (path === '/version') return { version: this.release, release: this.release.slice(0, 3), repoid: 'x' };
    if (path === '/cluster/resources') return this.#resources();
    if (parts[1] === 'ha') return this.#ha(method, parts.slice(2), params);
    if (parts[2] === 'tasks' && parts[3] === undefined) return this.#listTasks(parts[1] ?? '', params);
    if (parts[2] === 'tasks') return this.#lookAtTask(parts[3] ?? '', parts[4]);
    if (parts[0] === 'nodes' && parts[2] === 'lxc')
      return this.#lxc(method, parts[1] ?? '', parts.slice(3), params);
    const machine = this.machines.get(Number(parts[3]));
    if (machine && path === `/nodes/pve2/qemu/${parts[3]}/config`) return machine;
    throw new Refusal(501, `Method '${method} ${path}' not implemented`);
  }

  #resources(): unknown[] {
    const nodes = ['pve1', 'pve2', 'pve3'].map((node, index) => ({
      type: 'node', id: `node/${node}`, node, status: 'online', maxmem: 16 * 2 ** 30, mem: (index + 1) * 2 ** 30,
    })); // prettier-ignore
    const storages = nodes.flatMap(({ node }) =>
      ['local', 'local-lvm'].map((storage) => ({
        type: 'storage', id: `storage/${node}/${storage}`, node, storage, status: 'available',
        shared: this.sharedStorage && storage !== 'local' ? 1 : 0, maxdisk: 1e12, disk: 1e11,
      })),
    ); // prettier-ignore
    const guests = [...this.containers.values()].map((one) => ({
      type: 'lxc', id: `lxc/${one.vmid}`, vmid: String(one.vmid), node: one.node, name: one.config['hostname'],
      status: one.running ? 'running' : 'stopped', template: one.config['template'] ?? 0, maxmem: 2 ** 29, tags: one.config['tags'],
      ...(this.haResources.has(`ct:${one.vmid}`) && one.haState !== null ? { hastate: one.haState } : {}),
    })); // prettier-ignore
    const machines = [...this.machines].map(([vmid, { name }]) => ({
      type: 'qemu', id: `qemu/${vmid}`, vmid, node: 'pve2', name, status: 'running', template: 0, maxmem: 2 ** 30,
    })); // prettier-ignore
    return [...nodes, ...storages, ...guests, ...machines];
  }

  /** Those that run. */
  #listTasks(node: string, { vmid }: WireRequest['params']): unknown[] {
    return [...this.#tasks]
      .filter(([, task]) => task.node === node && task.looks > 0 && task.subject === vmid)
      .map(([upid, { type }]) => ({ upid, node, type, status: 'RUNNING' }));
  }

  #lookAtTask(upid: string, what: string | undefined): unknown {
    const task = this.#tasks.get(upid);
    if (task === undefined)
      throw new Refusal(400, 'Parameter verification failed.', { upid: 'no such task' });
    if (what === 'log')
      return [
        { n: 1, t: 'starting' },
        { n: 2, t: `TASK ERROR: ${task.exit}` },
      ];
    task.looks -= 1;
    if (task.looks > 0) return { upid, status: 'running' };
    task.effect();
    task.effect = () => {};
    return { upid, status: 'stopped', exitstatus: task.exit };
  }

  #ct(node: string, vmid: number): WireContainer {
    const found = this.containers.get(vmid);
    if (found?.node === node) return found;
    throw new Refusal(500, `Configuration file 'nodes/${node}/lxc/${vmid}.conf' does not exist\n`);
  }

  #lxc(method: string, node: string, rest: string[], params: WireRequest['params']): unknown {
    if (rest.length === 0 && method === 'POST') return this.#create(node, params);
    const ct = this.#ct(node, Number(rest[0]));
    const { vmid } = ct;
    const what = `${method} ${rest.slice(1).join('/')}`.replace(/snapshot\/[^/]+/, 'snapshot/x');
    switch (what) {
      case 'GET config':
        return { ...ct.config, digest: digestOf(ct) };
      case 'PUT config':
        return this.#configure(ct, params);
      case 'PUT resize':
        return this.#resize(ct, params['size'] ?? '');
      case 'GET status/current':
        return this.#status(ct);
      case 'POST status/start':
        return this.#power(ct, true, 'start', `CT ${vmid} already running`);
      case 'POST status/stop':
        return this.#power(ct, false, 'stop', `CT ${vmid} not running`);
      case 'POST status/shutdown':
        return this.#power(ct, false, 'shutdown', `CT ${vmid} not running`);
      case 'POST clone':
        return this.#clone(ct, params);
      case 'POST template':
        ct.config['template'] = 1;
        return null;
      case 'GET firewall/options':
        return ct.firewall;
      case 'PUT firewall/options':
        Object.assign(ct.firewall, params);
        return null;
      case 'GET snapshot':
        return [
          ...ct.snapshots.map((one) => ({ ...one, description: `${one.description}\n` })),
          { name: 'current' },
        ];
      case 'POST snapshot':
        return this.#snapshot(ct, params);
      case 'DELETE snapshot/x':
        return this.#withSnapshot(ct, 'vzdelsnapshot', rest[2] ?? '', (name) => {
          ct.snapshots = ct.snapshots.filter((one) => one.name !== name);
        });
      case 'POST snapshot/x/rollback':
        return this.#withSnapshot(ct, 'vzrollback', rest[2] ?? '', (name) => {
          ct.running = false;
          ct.config['parent'] = name;
        });
      case 'DELETE ':
        if (ct.running) throw new Refusal(500, `unable to destroy CT ${vmid} - container is running\n`);
        return this.#task(node, 'vzdestroy', vmid, () => this.containers.delete(vmid));
      default:
        throw new Refusal(501, `Method '${what}' not implemented`);
    }
  }

  #status(ct: WireContainer): unknown {
    if (ct.requested && (ct.requested.looks -= 1) < 0) {
      ct.running = ct.requested.running;
      ct.haState = ct.running ? 'started' : 'stopped';
      delete ct.requested;
    }
    const ha = this.haResources.get(`ct:${ct.vmid}`);
    const managed = ha !== undefined && ha['state'] !== 'ignored';
    const { lock } = ct.config;
    return {
      status: ct.running ? 'running' : 'stopped',
      ha: managed ? { managed: 1, state: ct.haState ?? 'started' } : { managed: 0 },
      ...(lock === undefined ? {} : { lock }),
    };
  }

  #assertFree(vmid: number): void {
    const there = this.containers.get(vmid);
    if (there) throw new Refusal(500, `CT ${vmid} already exists on node '${there.node}'\n`);
  }

  #create(node: string, params: WireRequest['params']): string {
    const vmid = Number(params['vmid']);
    this.#assertFree(vmid);
    const [storage, size] = (params['rootfs'] ?? '').split(':');
    const config = Object.fromEntries(
      Object.entries(params).filter(([key]) => !['vmid', 'ostemplate', 'pool'].includes(key)),
    );
    const ct = this.addContainer(vmid, { node, config: { ...config, lock: 'create' } });
    return this.#task(node, 'vzcreate', vmid, () => {
      ct.config['rootfs'] = `${storage}:vm-${vmid}-disk-0,size=${size}G`;
      delete ct.config['lock'];
    });
  }

  #clone(source: WireContainer, params: WireRequest['params']): string {
    const vmid = Number(params['newid']);
    this.#assertFree(vmid);
    if (!this.linkedClones && params['full'] !== '1') {
      throw new Refusal(500, `Linked clone feature for 'local:100/base.raw' is not available\n`);
    }
    const exits = this.#taskEnds.get('vzclone')?.length ?? 0;
    const { hostname = '', description = '' } = params;
    const config = { ...source.config, hostname, description, template: 0, lock: 'create' };
    const ct = this.addContainer(vmid, { node: params['target'] ?? source.node, config });
    if (exits > 0) this.containers.delete(vmid);
    return this.#task(source.node, 'vzclone', source.vmid, () => {
      this.containers.set(vmid, ct);
      delete ct.config['lock'];
    });
  }

  #configure(ct: WireContainer, { digest, ...params }: WireRequest['params']): null {
    if (digest !== undefined && digest !== digestOf(ct)) {
      throw new Refusal(500, 'detected modified configuration - file changed by other user? Try again.\n');
    }
    Object.assign(ct.config, params);
    this.alter?.();
    return null;
  }

  #resize(ct: WireContainer, size: string): string {
    const now = /size=(\d+)G/.exec(String(ct.config['rootfs']))?.[1];
    if (Number(now) === Number.parseInt(size, 10))
      throw new Refusal(500, 'disk is already at specified size\n');
    return this.#task(ct.node, 'resize', ct.vmid, () => {
      ct.config['rootfs'] = String(ct.config['rootfs']).replace(/size=\d+G/, `size=${size}`);
    });
  }

  #power(ct: WireContainer, running: boolean, verb: string, already: string): string {
    if (ct.running === running) throw new Refusal(500, `${already}\n`);
    const ha = this.haResources.get(`ct:${ct.vmid}`);
    const managed = ha !== undefined && ha['state'] !== 'ignored';
    // HA obeys some looks later
    if (!managed) return this.#task(ct.node, `vz${verb}`, ct.vmid, () => (ct.running = running));
    ct.haState = running ? 'request_start' : 'request_stop';
    ct.requested = { running, looks: 2 };
    return this.#task(ct.node, running ? 'hastart' : 'hastop', ct.vmid, () => {});
  }

  #snapshot(ct: WireContainer, { snapname = '', description = '' }: WireRequest['params']): string {
    const used = ct.snapshots.some((one) => one.name === snapname);
    const effect = () => ct.snapshots.push({ name: snapname, description, snaptime: 1_770_000_000 });
    if (used)
      return this.addTask(ct.node, 'vzsnapshot', String(ct.vmid), `snapshot name '${snapname}' already used`);
    return this.#task(ct.node, 'vzsnapshot', ct.vmid, effect);
  }

  #withSnapshot(ct: WireContainer, type: string, name: string, effect: (name: string) => void): string {
    const exists = ct.snapshots.some((one) => one.name === name);
    const queued = (this.#taskEnds.get(type)?.length ?? 0) > 0;
    if (exists || queued) return this.#task(ct.node, type, ct.vmid, () => effect(name));
    return this.addTask(ct.node, type, String(ct.vmid), `snapshot '${name}' does not exist`);
  }

  #ha(method: string, [kind, id]: string[], params: WireRequest['params']): unknown {
    const rules = kind === 'rules';
    if (rules && this.release.startsWith('8'))
      throw new Refusal(501, `Method '${method} /cluster/ha/rules' not implemented`);
    const map = rules ? this.haRules : this.haResources;
    const key = id ?? params[rules ? 'rule' : 'sid'] ?? '';
    if (method === 'GET' && id === undefined)
      return [...map].map(([name, values]) => ({ [rules ? 'rule' : 'sid']: name, ...values }));
    const present = map.get(key);
    if (method === 'POST') {
      if (present) throw new Refusal(500, `create resource failed: resource ID '${key}' already defined\n`);
      map.set(key, { ...params });
      return null;
    }
    if (method === 'DELETE') {
      if (present === undefined && !rules)
        throw new Refusal(500, `cannot delete service '${key}', not HA managed!\n`);
      map.delete(key);
      return null;
    }
    if (method === 'PUT') this.#refuseInError(key, params['state']);
    if (present === undefined)
      throw new Refusal(500, rules ? `no such ha rule '${key}'\n` : `no such resource '${key}'\n`);
    if (method === 'GET') return present;
    map.set(key, { ...present, ...params });
    return null;
  }

  /** A service in error is led out of it by `disabled`, and seen out of it some looks later. */
  #refuseInError(sid: string, state: string | undefined): void {
    const ct = this.containers.get(Number(sid.slice('ct:'.length)));
    if (ct?.haState !== 'error' || this.haResources.get(sid)?.['state'] === 'ignored') return;
    if (state !== 'disabled')
      throw new Refusal(500, `service '${sid}' in error state, must be disabled and fixed first\n`);
    ct.requested = { running: false, looks: 2 };
  }
}

function digestOf(ct: WireContainer): string {
  return createHash('sha1').update(JSON.stringify(ct.config)).digest('hex');
}

function send(response: ServerResponse, answer: Answer): void {
  if (answer.hang === true) return;
  if (answer.drop === true) {
    response.destroy();
    return;
  }
  const status = answer.status ?? 200;
  const body =
    answer.raw ??
    JSON.stringify({
      data: answer.data ?? null,
      ...(status === 200 ? {} : { message: `${answer.reason ?? ''}\n` }),
      ...(answer.errors === undefined ? {} : { errors: answer.errors }),
    });
  const length = Buffer.byteLength(body) + (answer.truncate === true ? 50 : 0);
  response.writeHead(status, (answer.reason ?? 'OK').split('\n')[0], {
    'content-type': answer.contentType ?? 'application/json;charset=UTF-8',
    'content-length': length,
  });
  if (answer.truncate === true) response.write(body, () => response.destroy());
  else response.end(body);
}
