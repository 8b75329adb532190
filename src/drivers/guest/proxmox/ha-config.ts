/**
 * Manages the entries of a container in the HA configuration of the cluster. Whether an entry exists is always read
 * from the lists and never concluded from the text of an error.
 */
import { findMark, type Mark, sameMark } from '../../../kernel/mark.js';
import type { DriverCall } from '../../shared/call.js';
import { HA_RESOURCE, HA_RESOURCES, HA_RULE, HA_RULES, read, text } from './schemas.js';
import { type PveApi, segment } from './client.js';
import { assertGoing } from './host.js';
import { hostFailed, isPve, kindOfText, PveError, said } from './pve-error.js';

const NOT_THERE = /not implemented/i;

export const sidOf = (vmid: number): string => `ct:${vmid}`;
export const ruleOf = (vmid: number): string => `innkeeper-ct-${vmid}`;

export const resourceOf = (api: PveApi, vmid: number) => api.cluster.ha.resources.$(segment(sidOf(vmid)));

/** Returns the HA resource, or undefined if there is none. */
export function readResource(api: PveApi, vmid: number) {
  return orAbsent(
    async () => read(HA_RESOURCE, `HA resource ${sidOf(vmid)}`, await asked(resourceOf(api, vmid).$get())),
    () => hasResource(api, vmid),
  );
}

/**
 * Returns whether the resource is listed. If `owner` is given, resources without the mark of this owner are ignored.
 */
export async function hasResource(api: PveApi, vmid: number, owner?: Mark): Promise<boolean> {
  const answer = await asked(api.cluster.ha.resources.$get());
  return read(HA_RESOURCES, 'HA resources', answer).some(
    (one) => one.sid === sidOf(vmid) && isOwn(one, owner),
  );
}

/** Returns the rule with this name, or undefined if there is none. */
export function readRule(api: PveApi, rule: string) {
  return orAbsent(
    async () => read(HA_RULE, `HA rule ${rule}`, await asked(api.cluster.ha.rules.$(rule).$get())),
    () => hasRule(api, rule),
  );
}

/** Returns whether the rule is listed. If `owner` is given, rules without the mark of this owner are ignored. */
export async function hasRule(api: PveApi, rule: string, owner?: Mark): Promise<boolean> {
  const answer = await asked(api.cluster.ha.rules.$get());
  return read(HA_RULES, 'HA rules', answer).some((one) => one.rule === rule && isOwn(one, owner));
}

const isOwn = (
  { comment }: { readonly comment?: string | number | null },
  owner: Mark | undefined,
): boolean => owner === undefined || sameMark(findMark(text(comment)), owner);

/** If Proxmox refuses the request, the object may not exist. The list is then read to find this out. */
async function orAbsent<T>(ask: () => Promise<T>, isListed: () => Promise<boolean>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!isPve(error, 'missing', 'failed', 'lacking', 'parameter', 'conflict') || (await isListed()))
      throw error;
    return undefined;
  }
}

async function asked(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (!said(error, NOT_THERE)) throw error;
    throw hostFailed(
      'The container host does not support this kind of HA configuration.',
      error.message,
      error,
      'refused_request',
    );
  }
}

/**
 * Removes one entry of a list. The list is read before and after, to see whether the entry exists. If the entry is
 * gone afterwards, the call succeeds even if Proxmox refused the request ("not HA managed!", "no such resource"). If
 * the entry still exists, the call fails even if Proxmox reported success.
 */
export async function removeListed(
  call: DriverCall,
  what: string,
  isListed: () => Promise<boolean>,
  remove: () => Promise<unknown>,
): Promise<void> {
  await repeatUnknown(call, async () => {
    if (!(await isListed())) return;
    const refusal = await remove().then(
      () => undefined,
      (error: unknown) => {
        if (isPve(error)) return error;
        throw error;
      },
    );
    if (await isListed()) throw refusal ?? noTrace(`removal of ${what}`);
  });
}

/** The error if Proxmox reported success, but the change did not take effect. The call is then repeated. */
export function noTrace(what: string): PveError {
  return new PveError('unknown', what, 'success was reported, but nothing changed');
}

/**
 * Repeats a configuration call of HA if its response was lost, or if another operation held the lock of the cluster.
 * All these calls are safe to repeat.
 */
export async function repeatUnknown<T>(call: DriverCall, act: () => Promise<T>): Promise<T> {
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
