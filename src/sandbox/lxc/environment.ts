/**
 * Creates the lxc environment: a simulated Proxmox with real containers, and real nginx, PowerDNS and sshd servers,
 * all on loopback.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BASE_DOMAIN,
  privilegedConfig,
  PVE_POOL,
  PVE_TOKEN_ID,
  SECOND_NETWORK,
  writeAgentConfig,
} from '../agent-config.js';
import { openCa } from '../ca.js';
import type { Ca } from '../ca.js';
import { startControl } from '../control/control.js';
import { documentedGrants } from '../documented-grants.js';
import { createFaults } from '../control/faults.js';
import type { Faults } from '../control/faults.js';
import { keptText } from '../files.js';
import type { TemplateRecipe } from '../../modules/kit/product.js';
import { openPorts } from '../ports.js';
import { DEFAULT_NODES } from '../pve/options.js';
import type { StorageOption, TemplateOption } from '../pve/options.js';
import { startPve } from '../pve/start.js';
import type { Environment, EnvironmentOptions } from '../environment.js';
import { openContainerHost } from './container-host.js';
import type { ContainerHost } from './container-host.js';
import { exportTemplate, importTemplate, recipeKey, shippedRecipe } from './golden-template.js';
import type { TemplateCache } from './golden-template.js';
import { writeRecord } from './leftovers.js';
import type { NetworkPlan } from './network.js';
import { startNginx, writeCertificate } from './nginx.js';
import { writePct } from './pct.js';
import { startPowerDns } from './powerdns.js';
import type { ServerProcess } from './server-process.js';
import { startSshd } from './sshd.js';
import { Undo } from './undo.js';

export interface LxcEnvironmentOptions extends EnvironmentOptions {
  /**
   * The folder for the base system and golden templates, which all environments of this machine share; default
   * `/var/cache/innkeeper-sandbox`.
   */
  readonly cacheDir?: string;
}

const HOST = '127.0.0.1';
const CACHE_DIR = '/var/cache/innkeeper-sandbox';
const STORAGE = 'shared-btrfs';
const TEMPLATE_VMID = 9000;
const GIB = 1024 ** 3;
/**
 * One of the storages is shared by all nodes, as with a cluster file system, so that all three nodes can use one
 * golden template.
 */
const STORAGES: readonly StorageOption[] = [
  { storage: 'local', type: 'dir', content: ['vztmpl', 'backup', 'iso'] },
  { storage: STORAGE, type: 'btrfs', shared: true, content: ['rootdir', 'images'], totalBytes: 2000 * GIB },
];

type EnvironmentPorts = Awaited<ReturnType<typeof choosePorts>>;

/** The objects that the parts share while the environment is created. */
interface Site {
  readonly stateDir: string;
  readonly ports: EnvironmentPorts;
  readonly ca: Ca;
  readonly faults: Faults;
  readonly host: ContainerHost;
  readonly template: TemplateCache;
  /** The VMID of the template's container. */
  readonly resources: TemplateRecipe['resources'];
  readonly log: (line: string) => void;
  readonly undo: Undo;
}

/**
 * Starts the environment whose data is in `stateDir`, or creates a new one there. If this machine does not meet a
 * requirement, rejects with one plain sentence and leaves nothing behind.
 */
export async function startLxcEnvironment(options: LxcEnvironmentOptions): Promise<Environment> {
  const undo = new Undo();
  try {
    return await assemble(options, undo);
  } catch (error) {
    await undo.run();
    throw error;
  }
}

async function assemble(options: LxcEnvironmentOptions, undo: Undo): Promise<Environment> {
  const { stateDir, apiPort, log, cacheDir = CACHE_DIR } = options;
  await mkdir(stateDir, { recursive: true });
  const recipe = await shippedRecipe();
  const { name } = recipe;
  const template = (baseKey: string): TemplateCache => ({
    cacheDir,
    name,
    key: recipeKey(baseKey, recipe),
  });
  const host = await openContainerHost({
    stateDir,
    cacheDir,
    log,
    onTemplate: async (hostname, rootfs, baseKey) => {
      if (hostname === name) await exportTemplate(template(baseKey), rootfs);
    },
  });
  undo.add(() => host.close());
  const ports = await choosePorts(join(stateDir, 'ports.json'));
  const ca = await openCa(join(stateDir, 'ca'));
  const site: Site = {
    stateDir,
    ports,
    ca,
    faults: createFaults(),
    host,
    template: template(host.baseKey),
    resources: recipe.resources,
    log,
    undo,
  };
  const dns = await makeDns(site);
  const proxy = await makeProxy(site);
  const ssh = await makeSsh(site);
  await host.backend.resume();
  const pve = await makePve(site);
  const control = await startControl({
    faults: site.faults,
    pve: pve.server,
    port: ports.control,
  });
  undo.add(() => control.close());
  const configFile = await writeAgentConfig({
    stateDir,
    apiPort,
    pve: pve.config,
    ssh,
    pool: poolOf(host.network.plan),
    dns: dns.config,
    ca: { certificateFile: ca.caFile, keyFile: ca.keyFile },
    proxy,
    door: { address: HOST, https_port: proxy.https_port, ca_file: ca.caFile },
  });
  return {
    backend: 'lxc',
    stateDir,
    configFile,
    caFile: ca.caFile,
    proxy: { httpsPort: proxy.https_port },
    dns: { host: HOST, port: dns.port },
    pve: { url: pve.server.url },
    control: control.url,
    close: () => undo.run(),
  };
}

/** The server is recorded at once, so that the cleanup finds it if the environment is killed. */
async function own<S extends ServerProcess>({ host, undo }: Site, starting: Promise<S>): Promise<S> {
  const server = await starting;
  undo.add(() => server.close());
  host.record.children.push({ ...server.process });
  await writeRecord(host.record);
  return server;
}

async function makePve(site: Site) {
  const { stateDir, ports, ca, faults, host, log, undo } = site;
  const stateFile = join(stateDir, 'pve.json');
  const templates = existsSync(stateFile) ? [] : await findTemplates(site);
  const tokenSecretFile = join(stateDir, 'secrets', 'pve-token');
  const server = await startPve({
    backend: host.backend,
    tls: await ca.certificate('pve', ['localhost', HOST]),
    token: { id: PVE_TOKEN_ID, secret: await keptText(tokenSecretFile, randomUUID) },
    port: ports.pve,
    stateFile,
    faults,
    grants: documentedGrants({ ...privilegedConfig(STORAGE), networks: [SECOND_NETWORK] }),
    pools: [PVE_POOL],
    templatePool: PVE_POOL,
    storages: STORAGES,
    templates,
    // `delays` is 0, because the real operations take time themselves. Only the time that Proxmox spends waiting is
    // set here.
    delays: 0,
    authDelayMs: 3000,
    lockWaitMs: 10_000,
    statsMs: 2000,
    haMs: 1000,
    log,
  });
  undo.add(() => server.close());
  return { server, config: { url: server.url, caFile: ca.caFile, tokenSecretFile, storage: STORAGE } };
}

/**
 * Returns the golden template if an earlier environment of this machine built it from the same base system and
 * recipe.
 */
async function findTemplates({ host, template, resources, log }: Site): Promise<TemplateOption[]> {
  const rootfs = host.disk.path('ct', String(TEMPLATE_VMID));
  if (!(await importTemplate(template, host.disk, rootfs))) return [];
  log(`the template ${template.name} is taken from the cache`);
  const [node = 'pve1'] = DEFAULT_NODES;
  return [
    {
      vmid: TEMPLATE_VMID,
      node,
      name: template.name,
      storage: STORAGE,
      diskGb: resources.diskGb,
      memoryMb: resources.memoryMb,
      cores: resources.cores,
    },
  ];
}

async function makeSsh(site: Site) {
  const { stateDir, ports, host } = site;
  const byNode = ports.ssh;
  const binDir = join(stateDir, 'bin');
  await writePct({
    binDir,
    lxcPath: host.lxcPath,
    namespace: host.network.namespace,
    enter: host.network.enter,
    nodes: new Map([...byNode].map(([node, port]) => [port, node])),
  });
  const sshd = await own(site, startSshd({ dir: join(stateDir, 'ssh'), ports: byNode, binDir }));
  const hosts = Object.fromEntries([...byNode].map(([node, port]) => [node, { host: HOST, port }]));
  return { hosts, privateKeyFile: sshd.privateKeyFile, knownHostsFile: sshd.knownHostsFile };
}

async function makeDns(site: Site) {
  const { stateDir, ports } = site;
  const apiKeyFile = join(stateDir, 'secrets', 'powerdns-api-key');
  const apiKey = await keptText(apiKeyFile, () => randomBytes(24).toString('base64url'));
  const dir = join(stateDir, 'powerdns');
  await own(
    site,
    startPowerDns({ dir, dnsPort: ports.dns, apiPort: ports.powerDnsApi, apiKey, zone: BASE_DOMAIN }),
  );
  return {
    port: ports.dns,
    config: { url: `http://${HOST}:${ports.powerDnsApi}`, apiKeyFile, port: ports.dns },
  };
}

async function makeProxy(site: Site) {
  const { ports, ca, host } = site;
  // The folder is on the disk of the containers, because nginx's workers need access to it, and they may not be able
  // to access the state folder.
  const dir = host.disk.path('proxy');
  await mkdir(dir, { recursive: true, mode: 0o755 });
  const certificate = await writeCertificate(
    host.disk.path('certificates'),
    await ca.certificate('proxy', [BASE_DOMAIN, `*.${BASE_DOMAIN}`]),
  );
  const nginx = await own(
    site,
    startNginx({ dir: host.disk.path('nginx'), renderedFile: join(dir, 'nginx.conf') }),
  );
  return {
    dir,
    test: nginx.test,
    reload: nginx.reload,
    listen: [HOST],
    status_port: ports.proxyStatus,
    http_port: ports.http,
    https_port: ports.https,
    certificate_file: certificate.certFile,
    certificate_key_file: certificate.keyFile,
  };
}

/** The ports are chosen one after the other, because the file with the ports is written after each choice. */
async function choosePorts(file: string) {
  const ports = await openPorts(file);
  const ssh = new Map<string, number>();
  for (const node of DEFAULT_NODES) ssh.set(node, await ports.of(`ssh-${node}`));
  return {
    ssh,
    control: await ports.of('control'),
    pve: await ports.of('pve'),
    dns: await ports.of('dns'),
    powerDnsApi: await ports.of('powerdns-api'),
    proxyStatus: await ports.of('proxy-status'),
    http: await ports.of('http'),
    https: await ports.of('https'),
  };
}

/** The first ten addresses are reserved for the network itself. */
function poolOf({ gateway, prefix, broadcast }: NetworkPlan) {
  return {
    name: 'sandbox',
    first: gateway.replace(/\.1$/, '.10'),
    last: broadcast.replace(/\.255$/, '.250'),
    prefix,
    gateway,
  };
}
