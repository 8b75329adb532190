/** Effects on the service's own container. */
import { retry } from '../../kernel/async/retry.js';
import { AgentError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import { guestHostname, guestOf, type Service, withGuest } from '../../model/service.js';
import { planProblem, withDisk } from '../../model/upgrade.js';
import type { ContainerSpec, Source } from '../../drivers/guest/contract.js';
import type { ContainerSource } from '../../modules/kit/host-call-types.js';
import type { LeaseRequest } from '../engine/leases.js';
import { imageOf, nodesWithImage, sourceOn } from './images.js';
import { findPlacement, sourceOf } from './placement.js';
import { nextVmid, orderingOf, reallocate } from './allocation.js';
import { exhausted } from './supply.js';
import {
  driverCall,
  type Effect,
  type EffectOf,
  guestAt,
  holding,
  hostLease,
  mark,
  notesOf,
  requireGuest,
} from './effect.js';
import { resolved } from './service-secrets.js';

const OTHER_NUMBERS_TRIED = 20;

export const allocate: EffectOf<'container.allocate'> = async (effect, source) => {
  const { journal } = effect;
  const before = await journal.subject();
  const { view, node } = await placed(effect, before, source);
  const service = await journal.changeSubject((current) =>
    withGuest(reallocate(effect, current, view), { node }),
  );
  const { vmid } = guestOf(service);
  if (vmid === null) throw exhausted('No VMID is left');
  return { vmid, node };
};

/**
 * Each worker of the API caches its data for 2 s. For that time after a template was created, a worker may show it
 * without its name.
 */
const SHOWN_WITHIN_MS = 2_500;
const LOOK_AGAIN_MS = 500;

async function placed(effect: Effect, service: Service, source: ContainerSource) {
  const { deps, signal } = effect;
  // throws at once when no template is configured
  sourceOf(deps.config, source);
  const nodes = source.kind === 'image' ? await nodesWithImage(effect, imageOf(source)) : undefined;
  let maxAgeMs = deps.config.container_host.poll_s * 1000;
  return retry(
    async () => {
      const view = await deps.watch.fresh(maxAgeMs, signal);
      maxAgeMs = 0;
      return {
        view,
        node: findPlacement(
          deps,
          {
            ...{ resources: service.plan, source, location: service.plan.location ?? null },
            ...(nodes ? { nodes } : {}),
          },
          view,
          orderingOf(service),
        ),
      };
    },
    (error) => error instanceof AgentError && error.code === 'template_missing',
    { clock: deps.clock, signal, pauses: LOOK_AGAIN_MS, patienceMs: SHOWN_WITHIN_MS },
  );
}

export const ensure: EffectOf<'container.ensure'> = async (effect, wanted) => {
  const { deps, journal } = effect;
  for (let tried = 0; ; tried += 1) {
    const service = await journal.subject();
    const at = requireGuest(effect, service);
    const source = await sourceOn(effect, at.node, wanted);
    try {
      const { node } = await holding(effect, leasesFor(effect, source, at.node), async () =>
        deps.drivers.guest.ensureContainer(
          specOf(effect, service, { ...at, source, hostname: wanted.hostname }),
          await driverCall(effect),
        ),
      );
      if (node !== at.node) await journal.changeSubject((current) => withGuest(current, { node }));
      return { vmid: at.vmid, node };
    } catch (error) {
      const taken = error instanceof AgentError && error.code === 'vmid_taken';
      if (!taken || tried >= OTHER_NUMBERS_TRIED) throw error;
      effect.log.warn({ vmid: at.vmid }, 'the VMID is already in use; choosing another VMID');
      await journal.changeSubject((current) => withGuest(current, { vmid: nextVmid(effect, at.vmid) }));
    }
  }
};

interface Wanted {
  readonly vmid: number;
  readonly node: string;
  readonly source: ContainerSpec['source'];
  /** Undefined: the agent chooses the name. */
  readonly hostname: string | undefined;
}

function specOf(effect: Effect, service: Service, wanted: Wanted): ContainerSpec {
  const { vmid, node, source, hostname = guestHostname(service) } = wanted;
  return {
    ...{ vmid, node, source, hostname },
    mark: mark(effect, service),
    resources: service.plan,
    addresses: guestOf(service).addresses,
    tags: ['innkeeper', `panel-${service.panel.toLowerCase()}`],
  };
}

const absent = (): AgentError =>
  new AgentError('container_host_failed', "The site's container no longer exists.", {
    role: 'container host',
    failure: 'gone',
  });

export const checkImage: EffectOf<'container.checkImage'> = async (effect, source) => {
  const { node } = requireGuest(effect, await effect.journal.subject());
  await sourceOn(effect, node, source);
};

export const start: EffectOf<'container.start'> = async (effect) => {
  const at = requireGuest(effect, await effect.journal.subject());
  await effect.deps.drivers.guest.ensureStarted(at, await driverCall(effect));
};

export const run: EffectOf<'container.run'> = async (effect, script) => {
  const { deps, journal } = effect;
  const service = await journal.subject();
  const at = requireGuest(effect, service);
  const call = await driverCall(effect);
  const result = await deps.drivers.exec.run(
    at,
    { ...script, values: await resolved(effect, script.values) },
    call,
  );
  if (result.exitCode !== 0) {
    const what = (await journal.job()).method === 'create' ? 'installation' : 'change';
    throw new AgentError('recipe_failed', `The ${what} failed in the container.`, {
      detail: `${script.name} exited with ${result.exitCode}: ${result.stderr.slice(-2000) || result.stdout.slice(-2000)}`,
    });
  }
  return { stdout: result.stdout, stderr: result.stderr };
};

export const look: EffectOf<'container.look'> = async (effect) => {
  const at = guestAt(effect, await effect.journal.subject());
  const state = at && (await effect.deps.drivers.guest.find(at, await driverCall(effect)));
  return { power: state?.power ?? 'absent', diskGb: state?.resources.diskGb ?? 0 };
};

export const stop: EffectOf<'container.stop'> = async (effect, graceS) => {
  const at = guestAt(effect, await effect.journal.subject());
  if (at) await effect.deps.drivers.guest.ensureStopped(at, graceS, await driverCall(effect));
};

export const resize: EffectOf<'container.resize'> = async (effect, request) => {
  const service = await effect.journal.subject();
  const plan = request.plan === 'present' ? service.plan : (await effect.journal.job()).pinned.plan;
  const { cores, memoryMb, swapMb } = plan;
  // a disk is never made smaller; the size 0 leaves the disk unchanged
  const diskGb = request.disk ? plan.diskGb : 0;
  const at = requireGuest(effect, service);
  await effect.deps.drivers.guest.ensureResources(
    at,
    { cores, memoryMb, swapMb, diskGb },
    await driverCall(effect),
  );
};

export const converge: EffectOf<'container.converge'> = async (effect, source) => {
  const { deps, journal } = effect;
  const service = await journal.subject();
  const at = requireGuest(effect, service);
  const call = await driverCall(effect);
  const found = await deps.drivers.guest.find(at, call);
  // without this check, the call below would create a new, empty container if the service's container is missing
  if (!found) throw absent();
  const { node } = await holding(effect, [hostLease(effect, found.node)], () =>
    deps.drivers.guest.ensureContainer(
      specOf(effect, service, {
        ...at,
        node: found.node,
        source: { kind: 'existing' },
        hostname: source.hostname,
      }),
      call,
    ),
  );
  if (node !== at.node) await journal.changeSubject((current) => withGuest(current, { node }));
};

export const checkPlan: EffectOf<'plan.check'> = async ({ journal }) => {
  const { pinned, args } = await journal.job();
  if (args['smaller_plan'] === 'apply') return;
  const problem = planProblem(await journal.subject(), pinned.plan);
  if (problem) throw problem;
};

export const remove: EffectOf<'container.remove'> = async (effect) => {
  const { deps, journal } = effect;
  const service = await journal.subject();
  const at = guestAt(effect, service);
  if (!at) return;
  const { node } = guestOf(service);
  await holding(effect, node === null ? [] : [hostLease(effect, node)], async () =>
    deps.drivers.guest.removeContainer(at, await driverCall(effect, makingNotes(service))),
  );
  // a product can create the container again: with the disk of the plan, and without the snapshots
  const { snapshots, diskGb } = guestOf(service);
  if (snapshots.length > 0 || diskGb !== undefined)
    await journal.changeSubject((current) => ({
      ...current,
      guest: withDisk({ ...guestOf(current), snapshots: [] }, null),
    }));
};

/**
 * Notes about the creation of the container, made by this job or by a job that it supersedes. The driver needs the
 * notes, because the request to create the container may still be running.
 */
function makingNotes({ jobs }: Service): JsonObject {
  const steps = jobs.flatMap((job) => job.steps);
  return notesOf(
    steps.findLast((step) => step.notes['container.ensure'] !== undefined),
    'container.ensure',
  );
}

export const ensureHa: EffectOf<'ha.ensure'> = async (effect) => {
  const at = requireGuest(effect, await effect.journal.subject());
  await effect.deps.drivers.guest.ensureHa(at, await driverCall(effect));
};

export const removeHa: EffectOf<'ha.remove'> = async (effect) => {
  const at = guestAt(effect, await effect.journal.subject());
  if (at) await effect.deps.drivers.guest.removeHa(at, await driverCall(effect));
};

/**
 * The lease of the template comes before the lease of the host, so that a job that waits for a template does not occupy
 * a place at the host.
 */
function leasesFor(effect: Effect, source: Source, node: string): LeaseRequest[] {
  const host = hostLease(effect, node);
  if (source.kind === 'os') return [host];
  const templates =
    effect.deps.watch.latest()?.guests.filter((guest) => guest.template && guest.name === source.name) ?? [];
  const template = templates.find((guest) => guest.node === node) ?? templates[0];
  return [{ name: `template:${template?.vmid ?? source.name}`, limit: 1 }, host];
}
