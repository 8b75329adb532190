/**
 * High availability: the resource `ct:<vmid>`, and where it may run. On PVE 9 that is a node-affinity rule, one per container
 * (`innkeeper-ct-<vmid>`): a shared rule would be read, changed and written by every creation at once, and grow without bound. On PVE 8 it is the configured group.
 */
import { formatMark } from '../../../domain/mark.js';
import type { DriverCall } from '../../call.js';
import type { GuestAt } from '../driver.js';
import { HA_RESOURCE, HA_RULE, read, text } from './answers.js';
import { type HaRule, type PveApi, segment } from './client.js';
import { apiOf, assertGoing, type Host, releaseOf, requireOurs } from './host.js';
import { hostFailed, isPve, kindOfText, PveError, said } from './pve-error.js';

export const HA_STATES = ['started', 'stopped', 'ignored'] as const;
export type HaState = (typeof HA_STATES)[number];

const NO_RESOURCE = /no such resource/i;
const NO_RULE = /no such (?:ha )?rule|rule '[^']*' does not exist/i;
const DEFINED = /already defined|already exists/i;
const NOT_THERE = /not implemented/i;

const sidOf = (vmid: number): string => `ct:${vmid}`;
const ruleOf = (vmid: number): string => `innkeeper-ct-${vmid}`;

export async function ensureHa(host: Host, at: GuestAt, call: DriverCall): Promise<void> {
  if (!host.config.ha.enabled) return;
  await requireOurs(host, at, call);
  const api = apiOf(host, call);
  const release = await releaseOf(host, call.signal);
  await ensureResource(host, api, at, release, call);
  if (release >= 9 && host.config.ha.nodes.length > 0) await ensureRule(host, api, at, call);
}

async function ensureResource(host: Host, api: PveApi, at: GuestAt, release: number, call: DriverCall) {
  const group = release < 9 ? host.config.ha.group : null;
  const wanted = {
    state: 'started' as const,
    comment: formatMark(at.mark),
    ...(group === null ? {} : { group }),
  };
  const sid = sidOf(at.vmid);
  await repeatUnknown(call, async () => {
    const present = await readResource(api, at.vmid);
    const stands = (found: typeof present): boolean =>
      found !== undefined &&
      (text(found.state) || 'started') === wanted.state &&
      text(found.comment).trimEnd() === wanted.comment &&
      (group === null || text(found.group) === group);
    if (stands(present)) return;
    if (present === undefined) await unlessDefined(api.cluster.ha.resources.$post({ sid, ...wanted }));
    else await api.cluster.ha.resources.$(segment(sid)).$put(wanted);
    if (!stands(await readResource(api, at.vmid))) throw noTrace(`HA resource ${sid}`);
  });
}

/** Another try of ours came first: whether it did what is wanted is read back anyway. */
async function unlessDefined(made: Promise<unknown>): Promise<void> {
  try {
    await made;
  } catch (error) {
    if (!said(error, DEFINED)) throw error;
  }
}

async function ensureRule(host: Host, api: PveApi, at: GuestAt, call: DriverCall): Promise<void> {
  const wanted: HaRule = {
    type: 'node-affinity',
    resources: sidOf(at.vmid),
    nodes: host.config.ha.nodes.join(','),
    comment: formatMark(at.mark),
  };
  const rule = ruleOf(at.vmid);
  await repeatUnknown(call, async () => {
    const present = await readRule(api, rule);
    const stands = (found: typeof present): boolean => {
      const nodes =
        typeof found?.nodes === 'string' ? found.nodes.split(',') : Object.keys(found?.nodes ?? {});
      return (
        [...nodes].sort().join() === [...host.config.ha.nodes].sort().join() &&
        text(found?.resources) === wanted.resources &&
        text(found?.comment).trimEnd() === wanted.comment
      );
    };
    if (stands(present)) return;
    if (present === undefined) await unlessDefined(api.cluster.ha.rules.$post({ rule, ...wanted }));
    else await api.cluster.ha.rules.$(rule).$put(wanted);
    if (!stands(await readRule(api, rule))) throw noTrace(`HA rule ${rule}`);
  });
}

/** Takes the container out of HA's hands; it keeps running. */
export async function removeHa(host: Host, at: GuestAt, call: DriverCall): Promise<void> {
  if (!host.config.ha.enabled) return;
  await dropHa(host, at.vmid, call);
}

/** The same, whatever the config says now: it may have been made under another one. */
export async function dropHa(host: Host, vmid: number, call: DriverCall): Promise<void> {
  const api = apiOf(host, call);
  if ((await releaseOf(host, call.signal)) >= 9) {
    await repeatUnknown(call, async () => {
      await orUndefined(NO_RULE, () => api.cluster.ha.rules.$(ruleOf(vmid)).$delete());
      if ((await readRule(api, ruleOf(vmid))) !== undefined) throw noTrace(`removal of rule ${ruleOf(vmid)}`);
    });
  }
  await repeatUnknown(call, async () => {
    await orUndefined(NO_RESOURCE, () => api.cluster.ha.resources.$(segment(sidOf(vmid))).$delete());
    if ((await readResource(api, vmid)) !== undefined) throw noTrace(`removal of ${sidOf(vmid)}`);
  });
}

/** What HA is to do with the container; undefined when HA does not manage it. */
export async function readHaState(host: Host, vmid: number, call: DriverCall): Promise<HaState | undefined> {
  if (!host.config.ha.enabled) return undefined;
  const present = await repeatUnknown(call, () => readResource(apiOf(host, call), vmid));
  if (present === undefined) return undefined;
  const state = text(present.state);
  return state === 'ignored' || state === 'stopped' ? state : 'started';
}

/** Sets what HA, which manages the container, shall do with it; read back, for an acknowledgement is no proof. */
export async function setHaState(host: Host, vmid: number, state: HaState, call: DriverCall): Promise<void> {
  const api = apiOf(host, call);
  await repeatUnknown(call, async () => {
    await api.cluster.ha.resources.$(segment(sidOf(vmid))).$put({ state });
    const now = await readResource(api, vmid);
    if (now !== undefined && text(now.state) !== state) throw noTrace(`state ${state} of ${sidOf(vmid)}`);
  });
}

async function readResource(api: PveApi, vmid: number) {
  return orUndefined(NO_RESOURCE, async () => {
    const answer: unknown = await api.cluster.ha.resources.$(segment(sidOf(vmid))).$get();
    return read(HA_RESOURCE, `HA resource ct:${vmid}`, answer);
  });
}

async function readRule(api: PveApi, rule: string) {
  return orUndefined(NO_RULE, async () => {
    const answer: unknown = await api.cluster.ha.rules.$(rule).$get();
    return read(HA_RULE, `HA rule ${rule}`, answer);
  });
}

/** The answer was success, and nothing came of it: made again. */
function noTrace(what: string): PveError {
  return new PveError('unknown', what, 'it was said to be done, and it is not');
}

async function orUndefined<T>(gone: RegExp, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (said(error, gone)) return undefined;
    if (said(error, NOT_THERE)) {
      throw hostFailed(
        'The container host has no such kind of high availability.',
        error.message,
        error,
        'refused_request',
      );
    }
    throw error;
  }
}

/** HA's configuration calls are repeatable: one whose answer was lost, or that met the cluster's lock, is made again. */
async function repeatUnknown<T>(call: DriverCall, act: () => Promise<T>): Promise<T> {
  for (let round = 1; ; round++) {
    assertGoing(call);
    try {
      return await act();
    } catch (error) {
      const again =
        isPve(error, 'unknown', 'missing') || (isPve(error) && kindOfText(error.reason) === 'busy');
      if (!again || round >= 3) throw error;
    }
  }
}
