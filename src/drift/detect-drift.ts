/**
 * Compares all documents with all systems once. Services with an open job and services that changed during the
 * comparison are skipped.
 */
import { accountFindings } from './account-drift.js';
import { compareWithActual, type Part } from './drift.js';
import { pictureOf, type ServicePicture } from './desired-state.js';
import type { Mark } from '../kernel/mark.js';
import { findOrphans } from './orphans.js';
import type { ServiceKey } from '../model/service.js';
import type { ActualState } from '../model/actual-state.js';
import type { ServiceEntry } from '../state/contract.js';
import type { OperationContext } from '../services/context.js';
import type { LookResult } from './drift-store.js';
import { readActualState } from './read-actual-state.js';

/** Kinds of findings that are reported even if the service has an open job. */
const OF_THE_HOST: readonly Part[] = ['lock', 'ha_error'];

type Deps = Pick<OperationContext, 'config' | 'state' | 'drivers' | 'log' | 'clock' | 'accounts'>;

/** Rejects only when stopped. */
export async function detectDrift(context: Deps, stop: AbortSignal): Promise<LookResult> {
  const { services } = context.state;
  const at = context.clock.now();
  // every change of a service replaces its entry, so if the entry is the same object afterwards, the service has not
  // changed
  const before = new Map<ServiceKey, ServiceEntry>();
  for (const entry of services.entries()) before.set(entry.key, entry);
  const actual = await readActualState(context, stop);
  const pictures = await picturesOf(context, before, actual);
  const agent = context.config.agent.id;
  const { findings: ofSystems, unknown } = compareWithActual(agent, pictures.values(), actual);
  const ofAccounts = accountFindings(pictures.values(), context.accounts);
  const findings = [...ofSystems, ...ofAccounts.findings];
  const orphans = findOrphans({
    agent,
    pictures,
    actual,
    damaged: services.damaged.length > 0,
    holderOf: (vmid) => services.holderOf({ vmid }),
  });
  const versionOf = (key: ServiceKey): string => pictures.get(key)?.version ?? '';
  const lives = [...pictures.values()].map(({ life }) => life);
  return {
    at,
    findings: findings.map((item) => ({
      item,
      version: OF_THE_HOST.includes(item.part) ? '' : versionOf(item.key),
    })),
    orphans,
    unknown,
    unread: ofAccounts.unread,
    compared: lives.filter((life) => life === 'live').length,
    skipped: lives.filter((life) => life === 'busy' || life === 'stuck').length,
  };
}

async function picturesOf(
  { state, config }: Deps,
  before: ReadonlyMap<ServiceKey, ServiceEntry>,
  actual: ActualState,
): Promise<Map<ServiceKey, ServicePicture>> {
  const wanted = new Set<ServiceKey>();
  for (const { key, lifecycle, vmid } of before.values())
    if (vmid !== null || (lifecycle !== 'terminated' && lifecycle !== 'failed')) wanted.add(key);
  for (const { agent, panel, service } of marksOf(actual))
    if (agent === config.agent.id) wanted.add(`${panel}/${service}`);
  const pictures = new Map<ServiceKey, ServicePicture>();
  for (const key of wanted) {
    const service = await state.services.find(key).catch(() => undefined);
    const entry = state.services.entry(key);
    if (!service || !entry) continue;
    pictures.set(key, pictureOf(service, entry !== before.get(key) || entry.openJobs.length > 0));
  }
  return pictures;
}

function marksOf({ containers, ha, dns, proxy }: ActualState): Mark[] {
  const all = [...(containers?.read ?? []), ...(ha ?? []), ...(dns ?? []), ...(proxy ?? [])];
  return all.flatMap(({ mark }) => (mark ? [mark] : []));
}
