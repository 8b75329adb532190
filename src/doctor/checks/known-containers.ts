/**
 * Compares the containers of the cluster with the state folder. Documents of deleted services are kept. If a container
 * has this agent's mark but no document, it was created by an agent with a different state folder: this state folder
 * is empty or an old copy, or another agent uses the same ID. Such a container must never be removed for this reason,
 * because it contains the site of a customer.
 */
import { shellWord } from '../../kernel/command-line.js';
import { isOfTemplate } from '../../kernel/mark.js';
import type { GuestDoctor } from '../../drivers/guest/doctor.js';
import type { SeenContainer } from '../../model/actual-state.js';
import type { Verified } from '../../state/transfer/verify.js';
import { type Check, ok, type Verdict, wrong } from '../../drivers/shared/doctor/check.js';
import type { DoctorParts } from '../parts.js';

/** The time limit of the check. It is long because the check sends one request for each container. */
const WITHIN_MS = 120_000;
const MANY = 5;

type Parts = DoctorParts & { readonly guest: Pick<GuestDoctor, 'containers'> };
type Documents = () => Promise<Verified | undefined>;

/** Returns the documents. Those from `verify` may be some seconds old, while `again` reads the documents now. */
export function knownContainersCheck(parts: Parts, verify: Documents, again: Documents): Check {
  const agent = parts.config.agent.id;
  return {
    name: 'state.cluster',
    title: 'containers known to the state',
    after: ['container_host.token', 'state.folder'],
    look: ['innkeeper reconcile --dry-run'],
    withinMs: WITHIN_MS,
    run: async (signal) => {
      const { read } = await parts.guest.containers(signal);
      const ours = read.filter(
        ({ mark, template }) => mark?.agent === agent && !template && !isOfTemplate(mark),
      );
      const suspects = strangers(ours, await verify());
      // an order may have arrived between the two reads
      const unknown = suspects.length === 0 ? [] : strangers(suspects, await again());
      return judge(parts, ours.length, unknown);
    },
  };
}

function strangers(ours: readonly SeenContainer[], found: Verified | undefined): SeenContainer[] {
  return ours.filter(({ mark }) => {
    if (!mark) return false;
    const generation = found?.lives.get(`${mark.panel}/${mark.service}`);
    // an unreadable document may belong to the container
    if (generation === null) return false;
    return generation === undefined || generation < mark.generation;
  });
}

function judge({ config, configFile }: DoctorParts, all: number, unknown: readonly SeenContainer[]): Verdict {
  if (all === 0) return ok(`no container has the mark of "${config.agent.id}"`);
  if (unknown.length === 0)
    return ok(`the state knows all ${all} containers with the mark of "${config.agent.id}"`);
  const dir = config.agent.state_dir;
  const names = unknown
    .slice(0, MANY)
    .map(({ vmid, node, mark }) => `${vmid} on ${node} (${mark?.panel ?? ''}/${mark?.service ?? ''})`);
  const more = unknown.length > MANY ? ` and ${unknown.length - MANY} more` : '';
  return wrong(
    `${unknown.length} of ${all} containers with the mark of "${config.agent.id}" are not known to ` +
      `the state in ${dir}: ${names.join(', ')}${more}. The state is empty, an old copy, or another ` +
      "agent's. Do not remove the containers: they are customers' sites",
    'systemctl stop innkeeper   # before it accepts orders with the wrong state',
    `# find the right state folder: agent.state_dir in ${shellWord(configFile)}, or a disk that is ` +
      'not mounted',
    `mv ${shellWord(dir)} ${shellWord(`${dir}.wrong`)}   # keeps the orders since then`,
    `innkeeper state import NEWEST-EXPORT.tar.gz --config ${shellWord(configFile)}`,
    '# if another agent created them: set a different agent.id for this one before it creates ' + 'anything',
  );
}
