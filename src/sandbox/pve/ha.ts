/**
 * The simulated HA manager. It only records a request. A later round of the manager executes the request. Each round
 * also reverts changes of state that other clients made.
 */
import type { Cluster } from './cluster.js';
import { die, messageOf } from './failure.js';
import type { HaService } from './state.js';
import type { TaskHandle } from './tasks.js';

/** Starts the container in a separate task and waits for it. Rejects with the exit status of the task. */
export type Starter = (vmid: number) => Promise<void>;

export interface HaManager {
  /** Runs one round now. */
  round(): Promise<void>;
  close(): Promise<void>;
}

export const sidOf = (vmid: number): string => `ct:${vmid}`;

export const vmidOfSid = (sid: string): number => Number(sid.replace(/^ct:/, ''));

export function isManaged(cluster: Cluster, vmid: number): boolean {
  const found = cluster.store.state.ha.resources[sidOf(vmid)];
  return found !== undefined && found.options['state'] !== 'ignored';
}

/** Records the requested state. If the service is in state `error`, only `disabled` is accepted. */
export function requestState(cluster: Cluster, vmid: number, state: string): void {
  const found = cluster.store.state.ha.resources[sidOf(vmid)];
  if (!found) return die(`no such resource '${sidOf(vmid)}'`);
  refuseInError(found, state);
  found.options['state'] = state;
}

/**
 * Throws if the service is in state `error`, in which it accepts only `disabled`. If the service is ignored, the
 * manager does not manage it, so its old state in the manager has no effect.
 */
export function refuseInError(service: HaService | undefined, requested: string | undefined): void {
  if (service?.state !== 'error' || service.options['state'] === 'ignored') return;
  if (requested !== 'disabled')
    die(`service '${service.sid}' in error state, must be disabled and fixed first`);
}

/**
 * Does the work of the tasks `hastart` and `hastop`. In Proxmox, these tasks run a command, and if the command fails,
 * its output is in the log of the task.
 */
export async function requestInTask(
  cluster: Cluster,
  task: TaskHandle,
  vmid: number,
  state: 'started' | 'stopped',
): Promise<void> {
  const [verb, command] =
    state === 'started'
      ? ['start', `ha-manager set ${sidOf(vmid)} --state started`]
      : ['stop', `ha-manager crm-command stop ${sidOf(vmid)} 0`];
  await task.takes(0);
  task.print(`Requesting HA ${verb} for CT ${vmid}`);
  try {
    requestState(cluster, vmid, state);
  } catch (error) {
    task.print(messageOf(error));
    die(`command '${command}' failed: exit code 255`);
  }
}

/** Splits names at the separators that Proxmox allows. */
export const listOf = (text: string | undefined): string[] =>
  (text ?? '').split(/[,;\s]+/).filter((each) => each !== '');

/**
 * Removes the service from HA. If `purge` is true, also removes it from all rules, and deletes the rules that then
 * have no resources.
 */
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
      // the local manager retries on the same node; then the manager of the cluster retries the same number of times
      // on other nodes, or on the same node if there is no other one
      if (service.failures >= (number(restarts, 1) + 1) * (number(moves, 1) + 1)) service.state = 'error';
    }
  }

  async function keepStopped(service: HaService): Promise<void> {
    const vmid = vmidOfSid(service.sid);
    service.failures = 0;
    if (await backend.isRunning(vmid)) {
      if (store.state.containers[vmid]?.config['lock'] !== undefined) {
        // the task would fail with `CT is locked`, and if a stop fails, the service enters state `error`
        service.state = 'error';
        return;
      }
      service.state = 'request_stop';
      await backend.shutdown(vmid, 60).catch(() => backend.stop(vmid));
    }
    service.state = 'stopped';
  }

  async function keep(service: HaService): Promise<void> {
    if (!store.state.containers[vmidOfSid(service.sid)]) return;
    const wanted = service.options['state'] ?? 'started';
    if (wanted === 'ignored') {
      // the manager deletes its data about the service, including the number of failures
      delete service.state;
      service.failures = 0;
      return;
    }
    if (service.state === 'error' && wanted !== 'disabled') return;
    if (wanted === 'stopped' || wanted === 'disabled') await keepStopped(service);
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
