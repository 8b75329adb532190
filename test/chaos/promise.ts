/** What the end of an operation promises: all of its effect on the service, or none. */
import type { Operation, Subject } from './operation.js';
import type { Picture, ServiceOnDisk } from './picture.js';

/** How the job ended; `hung`: it did not end in time. */
export type Ending = 'done' | 'undone' | 'stuck' | 'hung';

export const isRunning = ({ world }: Picture, service: ServiceOnDisk | undefined): boolean =>
  world.containers.find(({ vmid }) => vmid === service?.vmid)?.running ?? false;

export function endedAs(status: string, { fails }: Operation): Ending {
  if (status === 'completed') return 'done';
  if (status === 'stuck' || status === 'hung') return status;
  return fails === undefined || status === fails ? 'undone' : 'stuck';
}

/** Problems: after `done` the whole effect must be visible, after `undone` none of it. */
export function promiseBroken(
  operation: Operation,
  {
    ended,
    after,
    subject,
    picture,
  }: { ended: Ending; after: ServiceOnDisk | undefined; subject: Subject; picture: Picture },
): string[] {
  if (!after) return ['there is no record of the service'];
  const { before } = subject;
  const kept = operation.done(after, before, subject, picture);
  const running = isRunning(picture, after);
  if (ended === 'done' || operation.fails) {
    const wanted = operation.leaves ?? subject.ran;
    const has = after.lifecycle !== 'failed' && after.vmid !== null;
    const power = has && wanted !== 'any' && wanted !== undefined && running !== wanted;
    return [
      ...(kept ? [] : [`the promise is not kept: ${summary(before)} -> ${summary(after)}`]),
      ...(power ? [`the container ${running ? 'runs' : 'does not run'}`] : []),
    ];
  }
  if (ended === 'undone' && before && summary(before) !== summary(after))
    return [`undone, but changed: ${summary(before)} -> ${summary(after)}`];
  return [];
}

function summary(service: ServiceOnDisk | undefined): string {
  if (!service) return 'nothing';
  const { lifecycle, plan, snapshots, domains, primaryDomain, proxyEnabled, suspendedFor, email } = service;
  return JSON.stringify({
    lifecycle,
    plan: plan.name,
    snapshots: snapshots.map(({ name }) => name),
    domains: domains.map(({ domain }) => domain),
    primaryDomain,
    proxyEnabled,
    suspendedFor,
    email,
  });
}
