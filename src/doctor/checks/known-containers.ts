/**
 * Whether the state knows what the cluster holds. Documents of deleted services stay, so a container with our mark
 * that no document tells of means that the state is not the one that made it: an empty folder, an old copy, or
 * another agent with the same id. Never a reason to remove it: it is somebody's site.
 */
import { shellWord } from '../../kernel/command-line.js';
import { isOfTemplate } from '../../kernel/mark.js';
import type { GuestDoctor } from '../../drivers/guest/doctor.js';
import type { SeenContainer } from '../../model/actual-state.js';
import type { Verified } from '../../state/transfer/verify.js';
import { type Check, ok, type Verdict, wrong } from '../../drivers/shared/doctor/check.js';
import type { DoctorParts } from '../parts.js';

/** One request for each container. */
const WITHIN_MS = 120_000;
const MANY = 5;

type Parts = DoctorParts & { readonly guest: Pick<GuestDoctor, 'containers'> };
type Documents = () => Promise<Verified | undefined>;

/** `verify`: may be some seconds old; `again`: of this moment. */
export function knownContainersCheck(parts: Parts, verify: Documents, again: Documents): Check {
  const agent = parts.config.agent.id;
  return {
    name: 'state.cluster',
    title: 'containers that the state must know',
    after: ['container_host.token', 'state.folder'],
    look: ['innkeeper reconcile --dry-run'],
    withinMs: WITHIN_MS,
    run: async (signal) => {
      const { read } = await parts.guest.containers(signal);
      const ours = read.filter(
        ({ mark, template }) => mark?.agent === agent && !template && !isOfTemplate(mark),
      );
      const suspects = strangers(ours, await verify());
      // an order may have come between the two looks
      const unknown = suspects.length === 0 ? [] : strangers(suspects, await again());
      return judge(parts, ours.length, unknown);
    },
  };
}

function strangers(ours: readonly SeenContainer[], found: Verified | undefined): SeenContainer[] {
  return ours.filter(({ mark }) => {
    if (!mark) return false;
    const generation = found?.lives.get(`${mark.panel}/${mark.service}`);
    // a document that cannot be read may tell of it
    if (generation === null) return false;
    return generation === undefined || generation < mark.generation;
  });
}

function judge({ config, configFile }: DoctorParts, all: number, unknown: readonly SeenContainer[]): Verdict {
  if (all === 0) return ok(`none on the cluster carries the mark of "${config.agent.id}"`);
  if (unknown.length === 0) return ok(`all ${all} that carry the mark of "${config.agent.id}"`);
  const dir = config.agent.state_dir;
  const names = unknown
    .slice(0, MANY)
    .map(({ vmid, node, mark }) => `${vmid} on ${node} (${mark?.panel ?? ''}/${mark?.service ?? ''})`);
  const more = unknown.length > MANY ? ` and ${unknown.length - MANY} more` : '';
  return wrong(
    `${unknown.length} of ${all} containers that carry the mark of "${config.agent.id}" are not known to the state in ${dir}: ` +
      `${names.join(', ')}${more}. It is empty, an old copy, or not the one that made them. Remove none of them: they are customers' sites`,
    'systemctl stop innkeeper   # before it takes orders on a wrong state',
    `# look for the right state folder: agent.state_dir in ${shellWord(configFile)}, a disk that is not mounted`,
    `mv ${shellWord(dir)} ${shellWord(`${dir}.wrong`)}   # keeps what has been ordered since`,
    `innkeeper state import NEWEST-EXPORT.tar.gz --config ${shellWord(configFile)}`,
    `# if another agent made them: give this one an agent.id of its own, before it makes anything`,
  );
}
