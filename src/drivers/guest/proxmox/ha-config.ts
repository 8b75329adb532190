/**
 * What the cluster's HA configuration holds for a container, read so that no text decides what is there: the lists
 * do.
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

/** The resource, or undefined when there is none. */
export function readResource(api: PveApi, vmid: number) {
  return orAbsent(
    async () => read(HA_RESOURCE, `HA resource ${sidOf(vmid)}`, await asked(resourceOf(api, vmid).$get())),
    () => hasResource(api, vmid),
  );
}

/** With `owner`: only one that carries this mark. */
export async function hasResource(api: PveApi, vmid: number, owner?: Mark): Promise<boolean> {
  const answer = await asked(api.cluster.ha.resources.$get());
  return read(HA_RESOURCES, 'HA resources', answer).some(
    (one) => one.sid === sidOf(vmid) && isOwn(one, owner),
  );
}

/** The rule of this name, or undefined when there is none. */
export function readRule(api: PveApi, rule: string) {
  return orAbsent(
    async () => read(HA_RULE, `HA rule ${rule}`, await asked(api.cluster.ha.rules.$(rule).$get())),
    () => hasRule(api, rule),
  );
}

/** With `owner`: only one that carries this mark. */
export async function hasRule(api: PveApi, rule: string, owner?: Mark): Promise<boolean> {
  const answer = await asked(api.cluster.ha.rules.$get());
  return read(HA_RULES, 'HA rules', answer).some((one) => one.rule === rule && isOwn(one, owner));
}

const isOwn = (
  { comment }: { readonly comment?: string | number | null },
  owner: Mark | undefined,
): boolean => owner === undefined || sameMark(findMark(text(comment)), owner);

/** A question that was refused may mean that the thing is not there: the list tells. */
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
      'The container host has no such kind of high availability.',
      error.message,
      error,
      'refused_request',
    );
  }
}

/**
 * Removes one entry of a list. The list says whether it is there, before and after: a refusal ("not HA managed!", "no
 * such resource") is no failure when the entry is gone, and success is none when it stays.
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

/** The answer was success, and it had no effect: the call is made again. */
export function noTrace(what: string): PveError {
  return new PveError('unknown', what, 'it was said to be done, and it is not');
}

/**
 * HA's configuration calls are repeatable: one whose answer was lost, or that met the cluster's lock, is made again.
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
