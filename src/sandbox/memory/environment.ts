/**
 * Creates the memory environment: a simulated Proxmox whose containers are small HTTP servers, a DNS server, a TLS
 * proxy and SSH servers. Everything runs in this process on loopback, and nothing has to be installed.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import {
  BASE_DOMAIN,
  privilegedConfig,
  PVE_POOL,
  PVE_TOKEN_ID,
  SECOND_NETWORK,
  writeAgentConfig,
} from '../agent-config.js';
import { openCa, type Ca } from '../ca.js';
import { type ControlHandler, startControl } from '../control/control.js';
import { documentedGrants } from '../documented-grants.js';
import { createFaults, type Faults } from '../control/faults.js';
import { keptText, PUBLIC, writeText } from '../files.js';
import { openPorts, type Ports } from '../ports.js';
import { DEFAULT_NODES, DEFAULT_OS_TEMPLATE, DEFAULT_STORAGES, type StorageOption } from '../pve/options.js';
import { startPve, type Pve } from '../pve/start.js';
import { keptKey } from '../ssh-keys.js';
import type { Environment, EnvironmentOptions } from '../environment.js';
import { memoryBackend, type MemoryBackend } from './containers.js';
import { startNameServer } from './dns.js';
import { listen } from './listen.js';
import { nginxCommand } from './nginx-command.js';
import { powerDnsApi } from './powerdns-api.js';
import { type Proxy, startProxy } from './proxy.js';
import type { ScratchRoots } from './scratch-root.js';
import { startSsh } from './ssh.js';
import { openZones, type Zones } from './zones.js';

/** The OS templates that operators of the simulated cluster have downloaded. */
const OS_TEMPLATES = [
  DEFAULT_OS_TEMPLATE,
  'local:vztmpl/debian-12-standard_12.2-1_amd64.tar.zst',
  'local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst',
  'local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst',
];

const HOST = '127.0.0.1';
const RecordsBody = Type.Object({
  name: Type.String(),
  type: Type.String(),
  values: Type.Array(Type.String()),
});
/**
 * The default factor for all durations. With a fifth of the real durations, operations are quick enough to try the
 * sandbox, and slow enough to watch them.
 */
const DELAYS = 0.2;
/** The storage of the root disks. */
const STORAGE = 'local-btrfs';
const MAX_UPLOAD_BYTES = 64 * 1024 * 1024;
/** The addresses that memory containers get in the configuration. No server listens at these addresses. */
const POOL = {
  name: 'sandbox',
  first: '10.77.0.10',
  last: '10.77.3.250',
  prefix: 22,
  gateway: '10.77.0.1',
};

/** The objects that the parts share while the environment is created. */
interface Site {
  readonly stateDir: string;
  readonly ports: Ports;
  readonly ca: Ca;
  readonly faults: Faults;
  readonly backend: MemoryBackend;
  readonly delays: number;
  readonly storageType: StorageOption['type'] | undefined;
  readonly proxyTimeoutMs: number | undefined;
  readonly log: (line: string) => void;
  /** The functions that run at the end, in reverse order. */
  readonly onClose: (close: () => Promise<void>) => void;
}

export interface MemoryEnvironmentOptions extends EnvironmentOptions {
  /** The factor for all durations. With 1, operations take as long as in the real systems. The default is 0.2. */
  readonly delays?: number;
  /** The type of the containers' storage. The default is btrfs. */
  readonly storageType?: StorageOption['type'];
  /**
   * The time in ms after which a request to Proxmox gets status 596 while its work continues. The default is 30000.
   */
  readonly proxyTimeoutMs?: number;
  /** Runs the scripts of an author's module. */
  readonly otherScripts?: ScratchRoots['run'];
}

/**
 * Starts the environment whose data is in `stateDir`, or creates a new one there. If this fails, stops everything that
 * was already started.
 */
export async function startMemoryEnvironment(options: MemoryEnvironmentOptions): Promise<Environment> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0).reverse()) await each();
  };
  try {
    return await assemble(options, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function assemble(
  {
    stateDir,
    apiPort,
    log,
    delays = DELAYS,
    storageType,
    proxyTimeoutMs,
    otherScripts,
  }: MemoryEnvironmentOptions,
  closers: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<Environment> {
  await mkdir(stateDir, { recursive: true });
  const ports = await openPorts(join(stateDir, 'ports.json'));
  // open the port before writing any file: if another environment runs on this folder, the port is in use, and this
  // start fails before it changes a file
  const controlPort = await ports.of('control');
  const ca = await openCa(join(stateDir, 'ca'));
  const faults = createFaults();
  const backend = await memoryBackend({
    stateFile: join(stateDir, 'containers.json'),
    delays,
    ...(otherScripts ? { otherScripts } : {}),
  });
  const onClose = (each: () => Promise<void>): void => void closers.push(each);
  onClose(() => backend.close());
  const options = { delays, storageType, proxyTimeoutMs };
  const site: Site = { stateDir, ports, ca, faults, backend, ...options, log, onClose };

  const pve = await makePve(site);
  const ssh = await makeSsh(site, pve.server);
  const dns = await makeDns(site);
  const proxy = await makeProxy(site);
  const control = await startControl({
    faults,
    pve: pve.server,
    port: controlPort,
    routes: {
      'PUT /dns': setRecords(dns.zones),
      'GET /world': controlView(pve.server, backend, dns.zones, proxy.server),
    },
  });
  onClose(() => control.close());
  const configFile = await writeAgentConfig({
    stateDir,
    apiPort,
    pve: pve.config,
    ssh,
    pool: POOL,
    dns: dns.config,
    ca: { certificateFile: ca.caFile, keyFile: ca.keyFile },
    proxy: proxy.config,
    door: { address: HOST, https_port: proxy.config.https_port, ca_file: ca.caFile },
  });
  return {
    backend: 'memory',
    stateDir,
    configFile,
    caFile: ca.caFile,
    proxy: { httpsPort: proxy.config.https_port },
    dns: { host: HOST, port: dns.port },
    pve: { url: pve.server.url },
    control: control.url,
    close,
  };
}

/**
 * `{name, type, values}` sets a record set outside of the sandbox's zones, as a customer creates it at another name
 * server.
 */
function setRecords(zones: Zones): ControlHandler {
  return async ({ body }) => {
    if (!Value.Check(RecordsBody, body)) throw new RangeError('name, type and values are required');
    await zones.setOutside(body.name.toLowerCase(), body.type, body.values);
    return body;
  };
}

/** Returns in one response all objects that the agent may have created, for comparison with the agent's records. */
function controlView(pve: Pve, backend: MemoryBackend, zones: Zones, proxy: Proxy): ControlHandler {
  return async () => {
    const { sites, certificates } = proxy.served();
    const containers = pve.containers();
    const running = await Promise.all(containers.map(({ vmid }) => backend.isRunning(vmid)));
    return {
      containers: containers.map((container, n) => ({ ...container, running: running[n] })),
      tasks: pve.tasks().filter(({ status }) => status === 'running').length,
      ha: pve.ha(),
      records: zones.own.rrsets(),
      zones: zones
        .hosted()
        .filter((zone) => zone !== zones.own)
        .map((zone) => ({ name: zone.name, account: zone.account, records: zone.rrsets() })),
      sites: Object.fromEntries(sites),
      certificates: Object.fromEntries(certificates),
    };
  };
}

async function makePve(site: Site) {
  const { stateDir, ports, ca, faults, backend, delays, storageType, proxyTimeoutMs, log, onClose } = site;
  const tokenSecretFile = join(stateDir, 'secrets', 'pve-token');
  const server = await startPve({
    backend,
    tls: await ca.certificate('pve', ['localhost', HOST]),
    token: { id: PVE_TOKEN_ID, secret: await keptText(tokenSecretFile, randomUUID) },
    port: await ports.of('pve'),
    stateFile: join(stateDir, 'pve.json'),
    faults,
    delays,
    grants: documentedGrants({ ...privilegedConfig(STORAGE), networks: [SECOND_NETWORK] }),
    osTemplates: OS_TEMPLATES,
    pools: [PVE_POOL],
    templatePool: PVE_POOL,
    storages: DEFAULT_STORAGES.map((one) =>
      storageType !== undefined && one.storage === STORAGE ? { ...one, type: storageType } : one,
    ),
    // the real interval of ten seconds would confuse people who try the sandbox, because they would see outdated
    // values
    statsMs: 500,
    ...(proxyTimeoutMs === undefined ? {} : { proxyTimeoutMs }),
    log,
  });
  onClose(() => server.close());
  return { server, config: { url: server.url, caFile: ca.caFile, tokenSecretFile, storage: STORAGE } };
}

/**
 * Starts one SSH server per node, because `pct exec` works only on the node of the container. All servers have the
 * same host key.
 */
async function makeSsh({ stateDir, ports, faults, backend, onClose }: Site, pve: Pve) {
  const folder = join(stateDir, 'ssh');
  const hostKey = await keptKey(join(folder, 'host_key'));
  const privateKeyFile = join(folder, 'client_key');
  const clientKey = await keptKey(privateKeyFile);
  const hosts: Record<string, { host: string; port: number }> = {};
  for (const node of DEFAULT_NODES) {
    const port = await ports.of(`ssh-${node}`);
    const server = await startSsh({
      port,
      hostKey: hostKey.private,
      clientKey: clientKey.public,
      async exec(vmid, stdin) {
        if (pve.containers().some((container) => container.vmid === vmid && container.node === node))
          return backend.exec(vmid, stdin);
        throw new Error(`Configuration file 'nodes/${node}/lxc/${vmid}.conf' does not exist`);
      },
      faults,
    });
    onClose(() => server.close());
    hosts[node] = { host: HOST, port };
  }
  const knownHostsFile = join(folder, 'known_hosts');
  const lines = Object.values(hosts).map(({ host, port }) => `[${host}]:${port} ${hostKey.public}\n`);
  await writeText(knownHostsFile, lines.join(''), PUBLIC);
  return { hosts, privateKeyFile, knownHostsFile };
}

async function makeDns({ stateDir, ports, faults, onClose }: Site) {
  const zones = await openZones(join(stateDir, 'dns'), BASE_DOMAIN);
  const apiKeyFile = join(stateDir, 'secrets', 'powerdns-api-key');
  const apiKey = await keptText(apiKeyFile, () => randomBytes(24).toString('base64url'));
  const port = await ports.of('dns');
  const server = await startNameServer(zones, HOST, port, faults);
  onClose(() => server.close());
  const apiPort = await ports.of('powerdns-api');
  const api = await listen(powerDnsApi({ zones, apiKey, faults }), apiPort);
  onClose(() => api.close());
  return { port, zones, config: { url: `http://${HOST}:${apiPort}`, apiKeyFile, port } };
}

async function makeProxy({ stateDir, ports, ca, faults, backend, onClose }: Site) {
  const dir = join(stateDir, 'proxy');
  const certificate = await ca.certificate('proxy', [BASE_DOMAIN, `*.${BASE_DOMAIN}`]);
  const numbers = {
    http: await ports.of('http'),
    https: await ports.of('https'),
    status: await ports.of('proxy-status'),
  };
  const proxy = await startProxy({
    dir,
    ports: numbers,
    certificate,
    maxUploadBytes: MAX_UPLOAD_BYTES,
    upstreamOf: (address, port) => (port === 80 ? backend.upstreamOf(address) : undefined),
    faults,
  });
  onClose(() => proxy.close());
  const command = await nginxCommand(join(stateDir, 'bin'), proxy, faults);
  onClose(() => command.close());
  const config = {
    dir,
    test: command.test,
    reload: command.reload,
    listen: [HOST],
    status_port: numbers.status,
    http_port: numbers.http,
    https_port: numbers.https,
    certificate_file: certificate.certFile,
    certificate_key_file: certificate.keyFile,
  };
  return { server: proxy, config };
}
