/** Brings a service into the state in which an operation can begin, with the requests of a panel. */
import type { Fault } from '../../src/sandbox/environment.js';
import { act, backupsOf, domainOf, isKept, order, type Subject } from './operation.js';
import { doneWell, jobEnd, jobOf, untilAnswered } from './panel.js';
import { type Picture, type ServiceOnDisk, serviceIn, takePicture } from './picture.js';
import type { Rig } from './harness.js';

/** Time for the certificate that an operation needs. */
const ISSUE_MS = 15_000;
const LOOK_MS = 30;

async function look(rig: Rig, { id }: Subject): Promise<{ picture: Picture; service: ServiceOnDisk }> {
  const picture = await takePicture(rig);
  const service = serviceIn(picture, id);
  if (!service) throw new Error(`there is no service ${id}`);
  return { picture, service };
}

/** Makes the service active, and running or stopped. */
export async function awake(rig: Rig, subject: Subject, running = true): Promise<void> {
  if (isKept((await look(rig, subject)).service)) await doneWell(rig, order(subject));
  const { picture, service } = await look(rig, subject);
  if (service.suspendedFor.length > 0) await doneWell(rig, act('/unsuspend', subject));
  const now = picture.world.containers.find(({ vmid }) => vmid === service.vmid)?.running ?? false;
  const runs = service.suspendedFor.length > 0 || now;
  if (runs !== running) await doneWell(rig, act(running ? '/action/start' : '/action/stop', subject));
}

export const asleep = (rig: Rig, subject: Subject): Promise<void> => awake(rig, subject, false);

export async function suspended(rig: Rig, subject: Subject): Promise<void> {
  await awake(rig, subject);
  await doneWell(rig, act('/suspend', subject));
}

/** Deletes the service; its container is kept. */
export async function kept(rig: Rig, subject: Subject): Promise<void> {
  if (isKept((await look(rig, subject)).service)) return;
  await awake(rig, subject);
  await doneWell(rig, act('/delete-site', subject));
}

export async function withBackup(rig: Rig, subject: Subject): Promise<void> {
  await awake(rig, subject);
  const { service } = await look(rig, subject);
  if (backupsOf(service).length === 0) await doneWell(rig, act('/action/mkbak', subject));
}

export async function withRoomForBackup(rig: Rig, subject: Subject): Promise<void> {
  await awake(rig, subject);
  const { service } = await look(rig, subject);
  const names = backupsOf(service);
  if (names.length >= service.plan.backups)
    await doneWell(rig, act('/action/delbak', subject, { bak: names[0] }));
}

export async function withRoomForDomain(rig: Rig, subject: Subject): Promise<void> {
  await awake(rig, subject);
  const { service } = await look(rig, subject);
  if (service.domains.length >= service.plan.domains)
    await doneWell(rig, act('/action/deldomain', subject, { domain: service.domains[0]?.domain }));
  await rig.control('PUT', '/dns', { name: domainOf(subject), type: 'A', values: ['203.0.113.10'] });
}

/** Gives the service a domain that visitors can use, with its certificate. */
export async function withDomain(rig: Rig, subject: Subject): Promise<void> {
  await awake(rig, subject);
  if ((await look(rig, subject)).service.domains.length === 0) {
    await withRoomForDomain(rig, subject);
    await doneWell(rig, act('/action/setdomain', subject, { domain: domainOf(subject) }));
  }
  const deadline = Date.now() + ISSUE_MS;
  for (;;) {
    const { service } = await look(rig, subject);
    if (service.domains[0]?.certificate.state === 'issued') return;
    if (Date.now() > deadline) throw new Error(`${subject.id} got no certificate`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Makes a creation fail and its undo too, so that an operator must act. */
export async function stuck(rig: Rig, subject: Subject): Promise<void> {
  const faults: readonly Fault[] = [
    { target: 'exec', path: 'wordpress/configure', kind: { status: 1, reason: 'E: no such package' } },
    {
      target: 'pve',
      method: 'DELETE',
      path: '/lxc/',
      kind: { status: 400, reason: 'Parameter verification failed.' },
    },
  ];
  for (const fault of faults) await rig.fault(fault);
  try {
    const id = jobOf(await untilAnswered(rig, order(subject)));
    const ended = id === undefined ? undefined : await jobEnd(rig, id, true);
    if (ended?.status !== 'stuck') throw new Error(`${subject.id} is ${ended?.status ?? 'hung'}, not stuck`);
  } finally {
    await rig.control('DELETE', '/faults');
  }
}
