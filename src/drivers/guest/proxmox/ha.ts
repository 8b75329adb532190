/**
 * Manages high availability: the resource `ct:<vmid>`, and the nodes on which it is allowed to run. On PVE 9, a
 * node-affinity rule determines these nodes. Each container has a separate rule (`innkeeper-ct-<vmid>`). A single rule
 * for all containers would grow without limit, and concurrent creations would overwrite each other's changes to it. On
 * PVE 8, the configured group determines the nodes.
 */
import { formatMark, type Mark } from '../../../kernel/mark.js';
import type { DriverCall } from '../../shared/call.js';
import type { GuestAt } from '../contract.js';
import { text } from './schemas.js';
import type { HaRule, PveApi } from './client.js';
import {
  hasResource,
  hasRule,
  noTrace,
  readResource,
  readRule,
  removeListed,
  repeatUnknown,
  resourceOf,
  ruleOf,
  sidOf,
} from './ha-config.js';
import { assertNothingInTheWay, leaveHaError } from './ha-state.js';
import { apiOf, type Found, type Host, isOurs, locate, releaseOf, requireOurs } from './host.js';
import { said } from './pve-error.js';

const DEFINED = /already defined|already exists/i;

export async function ensureHa(host: Host, at: GuestAt, call: DriverCall): Promise<void> {
  if (!host.config.ha.enabled) return;
  const found = await requireOurs(host, at, call);
  const api = apiOf(host, call);
  const release = await releaseOf(host, call.signal);
  await ensureResource(host, api, at, found, release, call);
  if (release >= 9 && host.config.ha.nodes.length > 0) await ensureRule(host, api, at, call);
}

async function ensureResource(
  host: Host,
  api: PveApi,
  at: GuestAt,
  found: Found,
  release: number,
  call: DriverCall,
): Promise<void> {
  const group = release < 9 ? host.config.ha.group : null;
  const wanted = {
    state: 'started' as const,
    comment: formatMark(at.mark),
    ...(group === null ? {} : { group }),
  };
  const sid = sidOf(at.vmid);
  await repeatUnknown(call, async () => {
    const present = await readResource(api, at.vmid);
    const stands = (one: typeof present): boolean =>
      one !== undefined &&
      (text(one.state) || 'started') === wanted.state &&
      text(one.comment).trimEnd() === wanted.comment &&
      (group === null || text(one.group) === group);
    const isLedOut = present !== undefined && (await leaveHaError(host, found, call));
    if (stands(present) && !isLedOut) return;
    await assertNothingInTheWay(host, found, wanted.state, call);
    if (present === undefined) await unlessDefined(api.cluster.ha.resources.$post({ sid, ...wanted }));
    else await resourceOf(api, at.vmid).$put(wanted);
    if (!stands(await readResource(api, at.vmid))) throw noTrace(`HA resource ${sid}`);
  });
}

/**
 * Ignores the error that the resource already exists, because an earlier attempt of this agent may have created it.
 * The caller reads the result back in any case.
 */
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

/**
 * Removes the container from HA. The container keeps running. HA identifies containers only by their VMID, and keeps
 * its entries even if the container was lost. Therefore the driver recognizes the entries of a container by the mark
 * in their comment. It never changes entries of a container that is not ours.
 */
export async function removeHa(host: Host, at: GuestAt, call: DriverCall): Promise<void> {
  if (!host.config.ha.enabled) return;
  const found = await locate(host, at.vmid, call.signal);
  if (found === undefined) await dropHa(host, at.vmid, call, at.mark);
  else if (isOurs(found, at)) await dropHa(host, at.vmid, call);
}

/**
 * Removes all HA entries of the container, even if HA is disabled in the current configuration, because the entries
 * may have been created under an earlier configuration. If `owner` is given, removes only entries with the mark of
 * this owner.
 */
export async function dropHa(host: Host, vmid: number, call: DriverCall, owner?: Mark): Promise<void> {
  const api = apiOf(host, call);
  if ((await releaseOf(host, call.signal)) >= 9) {
    const rule = ruleOf(vmid);
    await removeListed(
      call,
      `rule ${rule}`,
      () => hasRule(api, rule, owner),
      () => api.cluster.ha.rules.$(rule).$delete(),
    );
  }
  await removeListed(
    call,
    sidOf(vmid),
    () => hasResource(api, vmid, owner),
    () => resourceOf(api, vmid).$delete(),
  );
}
