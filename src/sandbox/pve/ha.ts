/** The HA manager: what is asked of it is only written down; a background round carries it out and puts things back that changed by other hands. */
import type { Cluster } from './cluster.js';
import { die } from './failure.js';
import type { HaService } from './state.js';

/** Starts the container in a task of its own and waits for it; rejects with the exit status. */
export type Starter = (vmid: number) => Promise<void>;

export interface HaManager {
  /** One round now. */
  round(): Promise<void>;
  close(): Promise<void>;
}

export const sidOf = (vmid: number): string => `ct:${vmid}`;

export const vmidOfSid = (sid: string): number => Number(sid.replace(/^ct:/, ''));

export function isManaged(cluster: Cluster, vmid: number): boolean {
  const found = cluster.store.state.ha.resources[sidOf(vmid)];
  return found !== undefined && found.options['state'] !== 'ignored';
}

/** Writes the wish down. A service in error takes no other wish than `disabled`. */
export function requestState(cluster: Cluster, vmid: number, state: string): void {
  const found = cluster.store.state.ha.resources[sidOf(vmid)];
  if (!found) return die(`no such resource '${sidOf(vmid)}'`);
  refuseInError(found, state);
  found.options['state'] = state;
}

export function refuseInError(service: HaService, wished: string | undefined): void {
  if (service.state === 'error' && wished !== 'disabled')
    die(`service '${service.sid}' in error state, must be disabled and fixed first`);
}

/** Names separated as Proxmox allows it. */
export const listOf = (text: string | undefined): string[] =>
  (text ?? '').split(/[,;\s]+/).filter((each) => each !== '');

/** No longer managed. `purge`: out of the rules too; a rule without resources goes. */
export function removeService(cluster: Cluster, sid: string, purge: boolean): void {
  const { resources, rules } = cluster.store.state.ha;
  Reflect.deleteProperty(resources, sid);
  if (!purge) return;
  for (const [rule, known] of Object.entries(rules)) {
    const left = listOf(known['resources']).filter((each) => each !== sid);
    if (left.length === 0) Reflect.deleteProperty(rules, rule);
    else known['resources'] = left.join(',');
  }
}

const number = (text: string | undefined, fallback: number): number => Number(text ?? fallback);

export function createHaManager(cluster: Cluster, everyMs: number, start: Starter): HaManager {
  const { backend, store } = cluster;

  async function keepStarted(service: HaService): Promise<void> {
    const vmid = vmidOfSid(service.sid);
    service.state = 'started';
    if (await backend.isRunning(vmid)) {
      service.failures = 0;
      return;
    }
    try {
      await start(vmid);
      service.failures = 0;
    } catch {
      service.failures += 1;
      const { max_restart: restarts, max_relocate: moves } = service.options;
      if (service.failures > number(restarts, 1) + number(moves, 1)) service.state = 'error';
    }
  }

  async function keepStopped(service: HaService): Promise<void> {
    const vmid = vmidOfSid(service.sid);
    service.failures = 0;
    if (await backend.isRunning(vmid)) {
      service.state = 'request_stop';
      await backend.shutdown(vmid, 60).catch(() => backend.stop(vmid));
    }
    service.state = 'stopped';
  }

  async function keep(service: HaService): Promise<void> {
    if (!store.state.containers[vmidOfSid(service.sid)]) return;
    const wished = service.options['state'] ?? 'started';
    if (wished === 'ignored') {
      service.state = 'ignored';
      return;
    }
    if (service.state === 'error' && wished !== 'disabled') return;
    if (wished === 'stopped' || wished === 'disabled') await keepStopped(service);
    else await keepStarted(service);
  }

  let running: Promise<void> = Promise.resolve();
  const round = (): Promise<void> => {
    running = running.then(async () => {
      for (const service of Object.values(store.state.ha.resources)) await keep(service).catch(() => {});
    });
    return running;
  };
  let closed = false;
  let timer: NodeJS.Timeout;
  const next = (): void => {
    timer = setTimeout(() => void round().then(() => (closed ? undefined : next())), everyMs);
  };
  next();
  return {
    round,
    async close() {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
