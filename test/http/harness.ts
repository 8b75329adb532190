/** An application on fakes, with one token per kind of caller. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import pino from 'pino';
import { emailProblem } from '../../modules/product/wordpress/email-address.js';
import { type AppDeps, buildApp, type Listener } from '../../src/http/server/app.js';
import type { Config } from '../../src/config/config.js';
import { AgentError } from '../../src/kernel/errors.js';
import { Secret } from '../../src/kernel/secret.js';
import type { ServiceKey, Service } from '../../src/model/service.js';
import type { ClusterView, GuestView } from '../../src/drivers/guest/contract.js';
import { fakeDrivers } from '../fakes/drivers.js';
import { createToken } from '../../src/tokens/create-token.js';
import { reconciler } from '../../src/drift/reconcile.js';
import { kindData } from '../../src/model/job-kinds.js';
import { serviceRecords } from '../../src/jobs/effects/service-subject.js';
import { withJob } from '../../src/services/outcomes.js';
import { driftStore } from '../../src/drift/drift-store.js';
import type { OperationContext } from '../../src/services/context.js';
import type { DriftContext } from '../../src/drift/context.js';
import type { State } from '../../src/state/contract.js';
import { newDeletionRateLimit } from '../../src/services/deletion-rate-limit.js';
import { KeyedLock } from '../../src/kernel/async/keyed-lock.js';
import { openState } from '../../src/state/open.js';
import { toldClock } from '../fakes/told-clock.js';
import { type Changes, changed } from '../fakes/parts.js';

export const NOW = Date.parse('2026-03-01T12:00:00Z');

export function testConfig(): Config {
  return {
    agent: {
      id: 'test',
      base_domain: 'sites.example.net',
      time_zone: 'Europe/Vienna',
      state_dir: '/nowhere',
    },
    api: {
      host: '127.0.0.1',
      port: 0,
      socket: '/nowhere/innkeeper.sock',
      tls: null,
      trusted_proxies: ['192.0.2.1'],
      body_limit_bytes: 20_000,
      rate_limit: { main_thread_ms_per_s: 0, reads_per_s: 0, actions_per_minute: 0 },
      tokens: [
        {
          name: 'installed',
          panel: 'default',
          permissions: ['sites:read'],
          secret: new Secret('from-the-config'),
        },
      ],
    },
    log: { level: 'info', format: 'json' },
    audit: { keep_days: 365 },
    alerts: { certificate_days: 14, pool_percent: 90, hooks: [] },
    state_key: null,
    state_key_former: null,
    container_host: {
      driver: 'proxmox',
      poll_s: 5,
      proxmox: {
        urls: ['https://pve1.example.net:8006'],
        token_id: 'innkeeper@pve!agent',
        token_secret: new Secret('x'),
        ca_file: null,
        fingerprint: null,
        request_timeout_s: 30,
        task_timeout_s: 600,
        pool: null,
        storage: 'local-zfs',
        bridge: 'vmbr0',
        vlan: null,
        nameserver: null,
        searchdomain: null,
        nodes: [],
        heavy_operations: 3,
        firewall: false,
        start_at_boot: true,
        vmids: { first: 10_000, last: 10_999 },
        template_vmids: { first: 9000, last: 9099 },
        os_template: null,
        reserve_memory_mb: 1024,
        reserve_disk_gb: 10,
        ha: { enabled: false, nodes: [], group: null },
      },
    },
    exec: { driver: 'local', pct: ['pct'], ssh: null, max_output_bytes: 1_000_000 },
    addresses: {
      pools: [
        { name: 'small', first: '10.0.0.10', last: '10.0.0.11', prefix: 24, gateway: '10.0.0.1' },
        { name: 'large', first: '10.1.0.0', last: '10.1.3.255', prefix: 22, gateway: '10.1.0.1' },
        { name: 'six', first: 'fd00::', last: 'fd00::ffff', prefix: 64, gateway: 'fd00::1' },
      ],
    },
    dns: { driver: 'none', ttl_s: 60, name_servers: ['ns1.sites.example.net'], powerdns: null },
    proxy: {
      driver: 'nginx',
      nginx: {
        dir: '/nowhere',
        test: [],
        reload: [],
        status_port: 1,
        listen: [],
        http_port: 80,
        https_port: 443,
        certificate_file: '/nowhere/cert.pem',
        certificate_key_file: '/nowhere/key.pem',
        max_upload_mb: 64,
        real_ip_from: [],
      },
      ssh: null,
      public_addresses: ['203.0.113.10'],
      door: { address: '127.0.0.1', https_port: 443, ca_file: null },
    },
    domains: {
      resolvers: [],
      dns_port: 53,
      http_port: 80,
      https_port: 443,
      lookup_timeout_s: 5,
      lab_networks: [],
      blocked: ['blocked.example'],
      quarantine_s: 3600,
      stray_s: 14 * 86_400,
      acme: {
        enabled: false,
        directory_url: 'https://acme.test/directory',
        email: null,
        ca_file: null,
        caa_identities: ['ca.test'],
        certificates_per_domain_week: 40,
        certificates_per_set_week: 4,
        refusals_per_name_hour: 4,
        timeout_s: 60,
      },
      local_ca: null,
    },
    jobs: { slots: 10, interactive_slots: 2, retry_s: 5, stop_s: 10 },
    circuits: { failures: 3, pause_s: 5 },
    deletion: { hold_s: 0, brake: 20 },
    reconcile: { mode: 'observe', every_s: 900, confirm_s: 15 },
    upgrade: { smaller_plan: 'apply' },
    create: { patience_s: 3600, reserved_names: ['Brand'] },
    plans: [
      {
        name: 'basic',
        aliases: ['WordPress Basic'],
        memoryMb: 2048,
        swapMb: 512,
        diskGb: 20,
        cores: 2,
        domains: 3,
        backups: 2,
      },
      {
        name: 'premium',
        aliases: [],
        memoryMb: 8192,
        swapMb: 512,
        diskGb: 80,
        cores: 4,
        domains: 10,
        backups: 5,
      },
    ],
    panels: { staging: { locale: 'fr' } },
    modules: { paths: [], default_product: 'wordpress' },
    products: {},
  };
}

export interface Rig {
  readonly app: Awaited<ReturnType<typeof buildApp>>;
  readonly deps: AppDeps;
  readonly state: State;
  /** Of the state. */
  readonly dir: string;
  /** Changes of services that became durable so far. */
  readonly writes: () => number;
  readonly config: Config;
  /** Lines of the log. */
  readonly log: string[];
  readonly tokens: {
    readonly panel: string;
    readonly reader: string;
    readonly staging: string;
    readonly admin: string;
  };
  /** What the cluster shows; undefined before the first look. */
  readonly cluster: { view: ClusterView | undefined; used: Set<string>; staleSince: number | undefined };
  readonly behaviour: {
    roomFor: OperationContext['roomFor'];
    ready: boolean;
    now: number;
    clockTrusted: boolean;
  };
  call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'HEAD',
    url: string,
    body?: object,
    token?: string,
  ): Promise<{ status: number; body: Record<string, unknown>; headers: Record<string, unknown> }>;
  /** Another door to the same state. */
  beside(door: Listener): Promise<Rig['app']>;
  close(): Promise<void>;
  /** Changes a service as the job engine does. */
  change(key: ServiceKey, fn: (service: Service) => Changes): Promise<Service>;
}

export function guest(vmid: number, values: Partial<GuestView> = {}): GuestView {
  return {
    vmid,
    name: `guest-${vmid}`,
    node: 'pve1',
    type: 'lxc',
    template: false,
    status: 'running',
    memoryBytes: 512 * 1024 ** 2,
    memoryLimitBytes: 2048 * 1024 ** 2,
    diskBytes: 3.1 * 1024 ** 3,
    diskLimitBytes: 20 * 1024 ** 3,
    cpu: 0.005,
    networkInBytes: 1,
    networkOutBytes: 2,
    uptimeS: 5 * 86_400 + 17,
    tags: [],
    ...values,
  };
}

export function view(guests: readonly GuestView[] = []): ClusterView {
  return {
    at: NOW,
    nodes: [{ name: 'pve1', online: true, memoryBytes: 64e9, memoryUsedBytes: 1e9 }],
    guests,
    storages: [],
  };
}

/** No time passes here, but everybody else has a turn. */
async function sleep(_ms: number, signal?: AbortSignal): Promise<void> {
  await turnOfLoop();
  signal?.throwIfAborted();
}

export async function makeRig(door: Listener = 'network', config = testConfig()): Promise<Rig> {
  const log: string[] = [];
  const cluster: Rig['cluster'] = { view: view(), used: new Set(), staleSince: undefined };
  const behaviour: Rig['behaviour'] = { roomFor: () => {}, ready: true, now: NOW, clockTrusted: true };
  const dir = await mkdtemp(join(tmpdir(), 'innkeeper-http-'));
  const clock = { ...toldClock(() => behaviour.now, sleep), trusted: () => behaviour.clockTrusted };
  const state = await openState({ dir, key: randomBytes(32), clock });
  let writes = 0;
  state.services.onChange(() => (writes += 1));
  const drivers = fakeDrivers();
  const context: DriftContext = {
    config,
    state,
    clock,
    log: pino({ level: 'debug' }, { write: (line: string) => log.push(line) }),
    watch: {
      latest: () => cluster.view,
      guest: (vmid) => cluster.view?.guests.find((guest) => guest.vmid === vmid),
      usedAddresses: () => cluster.used,
      staleSince: () => cluster.staleSince,
      fresh: async () => view(),
      close: () => {},
    },
    products: {
      get: (name) => {
        if (name !== 'wordpress') throw new AgentError('unknown_module', 'There is no such product.');
        return {
          info: { name, version: '1.0.0' },
          settings: { locale: 'en_US' },
          module: {
            parts: ['guest', 'site'],
            source: () => ({ kind: 'template', template: 'wordpress-golden' }),
            policy: () => ({ tries: 5 }),
            emailProblem,
            loginPath: (id, token) => `/in/${id}?token=${token}`,
          },
        };
      },
    },
    drivers,
    kinds: kindData,
    records: serviceRecords({ services: state.services, archive: state.archive, withJob }),
    drift: driftStore(15_000),
    zoneTurns: new KeyedLock(),
    brake: newDeletionRateLimit({ config, state, clock }),
    reservationTurns: new KeyedLock(),
    roomFor: (request, seen, self) => behaviour.roomFor(request, seen, self),
    countRoom: (_wish, _seen, most) => most,
  };
  const deps: AppDeps = {
    ...context,
    reconcile: reconciler(context),
    metrics: { answered: () => {}, text: async () => '' },
    timekeeper: {
      view: () => ({ trusted: true, wall: behaviour.now, agent: behaviour.now, doubt: undefined }),
      confirm: async () => ({ trusted: true, wall: behaviour.now, agent: behaviour.now, doubt: undefined }),
    },
    alerts: { list: () => [], test: async () => [] },
    ready: () => ({ ready: behaviour.ready, reasons: behaviour.ready ? [] : ['the cluster was never seen'] }),
  };
  const more: Rig['app'][] = [];
  const leave = async (): Promise<void> => {
    await state.close();
    await rm(dir, { recursive: true });
  };
  const app = await buildApp(deps, door).catch(async (error: unknown) => {
    await leave();
    throw error;
  });
  await app.ready();
  const make = async (name: string, panel: string, permissions?: string[]): Promise<string> =>
    (await createToken(deps, { name, panel, ...(permissions ? { permissions } : {}) })).text;
  const tokens = {
    panel: await make('panel', 'default'),
    reader: await make('reader', 'default', ['sites:read']),
    staging: await make('staging', 'staging'),
    admin: await make('admin', 'default', ['admin']),
  };
  return {
    app,
    deps,
    state,
    dir,
    config,
    log,
    writes: () => writes,
    tokens,
    cluster,
    behaviour,
    async call(method, url, body, token = tokens.panel) {
      const answer = await app.inject({
        method,
        url,
        headers: token === '' ? {} : { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { payload: body }),
      });
      return { status: answer.statusCode, body: asObject(answer.body), headers: answer.headers };
    },
    async beside(other) {
      const made = await buildApp(deps, other);
      await made.ready();
      more.push(made);
      return made;
    },
    async close() {
      for (const made of [app, ...more]) await made.close();
      await leave();
    },
    change: (key, fn) =>
      state.services.commit(key, (current) => {
        if (!current) throw new Error(`${key} does not exist`);
        return changed(current, fn(current));
      }),
  };
}

export const ORDER = {
  service_id: '12345',
  email: 'customer@example.com',
  plan: 'basic',
  public_ip: '203.0.113.10',
};

export function asObject(text: string): Record<string, unknown> {
  return fields(text === '' ? {} : JSON.parse(text));
}

/** The value's own fields; none when it has none. */
export function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
