/** Which calls an operation makes: learned by watching it once without faults. */
import type { Fault } from '../../src/sandbox/environment.js';
import { accepted, ended, type Operation } from './operations.js';
import type { Stage } from './harness.js';

export interface CallSite {
  readonly target: Fault['target'];
  readonly method: string;
  /** Regular expression, with numbers and names of the one run taken out. */
  readonly path: string;
  /** It starts a task. */
  readonly task: boolean;
  /** For people. */
  readonly name: string;
}

const TASKS =
  /^POST .*\/(?:clone|lxc|start|stop|shutdown|reboot|snapshot|rollback)$|^PUT .*\/resize$|^DELETE .*\/lxc\/\d+$|^DELETE .*\/snapshot\/[^/]+$/;

/** A call to Proxmox as it was seen, or as it is named in a row. */
export function siteOf(method: string, path: string): CallSite {
  const general = path
    .replace(/UPID(?::|%3A)[^/]+/i, 'UPID')
    .replace(/\/nodes\/[^/]+/, '/nodes/N')
    .replace(/\/lxc\/\d+/, '/lxc/ID')
    .replace(/ct(?::|%3A)\d+/i, 'ct:ID')
    .replace(/\/snapshot\/[^/]+/, '/snapshot/S')
    .replace(/\/rules\/[^/]+/, '/rules/R');
  const pattern = general
    .replaceAll(/[.+?()]/g, '\\$&')
    .replace('/tasks/UPID', '/tasks/UPID[^/]+')
    .replace('/nodes/N', '/nodes/[^/]+')
    .replace('/lxc/ID', '/lxc/\\d+')
    .replace('ct:ID', 'ct(?::|%3A)\\d+')
    .replace('/snapshot/S', '/snapshot/[^/]+')
    .replace('/rules/R', '/rules/[^/]+');
  return {
    target: 'pve',
    method,
    path: `^${pattern}$`,
    task: TASKS.test(`${method} ${general.replace('/lxc/ID', '/lxc/1')}`),
    name: `${method} ${general}`,
  };
}

export const OTHERS: readonly CallSite[] = [
  { target: 'dns', method: 'GET', path: '/zones/', task: false, name: 'DNS GET' },
  { target: 'dns', method: 'PATCH', path: '/zones/', task: false, name: 'DNS PATCH' },
  { target: 'dns', method: 'POST', path: '/zones$', task: false, name: 'DNS POST' },
  { target: 'dns', method: 'DELETE', path: '/zones/', task: false, name: 'DNS DELETE' },
  { target: 'proxy', method: 'TEST', path: '/test', task: false, name: 'nginx -t' },
  { target: 'proxy', method: 'RELOAD', path: '/reload', task: false, name: 'nginx -s reload' },
  { target: 'exec', method: 'EXEC', path: '.', task: false, name: 'exec' },
  { target: 'web', method: 'GET', path: '^/', task: false, name: 'web GET' },
  { target: 'web', method: 'POST', path: '^/', task: false, name: 'web POST' },
  { target: 'lookup', method: 'A', path: 'example\\.org$', task: false, name: 'look-up A' },
  { target: 'lookup', method: 'NS', path: '.', task: false, name: 'look-up NS' },
];

/**
 * Runs the operation once. The requests of the shared look at the cluster, which goes on in the background, are among
 * them.
 */
export async function callSites(stage: Stage, operation: Operation, id: string): Promise<CallSite[]> {
  await operation.prepare(stage, id);
  const before = (await stage.requests(0)).at(-1)?.n ?? 0;
  const marks = await Promise.all(
    OTHERS.map(async (site) => ({
      site,
      fault: await stage.fault({
        target: site.target,
        method: site.method,
        path: site.path,
        kind: { delayMs: 0 },
      }),
    })),
  );
  const job = await ended(stage, await operation.ask(stage, id));
  if (job['status'] !== (operation.fails ? 'failed' : 'completed'))
    throw new Error(`${operation.name} fails without faults: ${JSON.stringify(job)}`);
  const sites = new Map<string, CallSite>();
  for (const { method, path } of await stage.requests(before)) {
    const site = siteOf(method, path);
    sites.set(site.name, site);
  }
  const others: CallSite[] = [];
  for (const { site, fault } of marks) if ((await stage.struck(fault)) > 0) others.push(site);
  await stage.noFaults();
  const { body } = await stage.call('GET', `/status?service_id=${id}`);
  if (!['terminated', 'failed'].includes(String(body['status'])))
    await ended(stage, await accepted(stage, '/delete-site', { service_id: id }));
  // always in the same order, for parts that are walked apart
  return [...[...sites.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), ...others];
}
