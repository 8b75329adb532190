/**
 * Builds a product's golden template on the container host itself: creates a container from the OS template, runs the
 * product's scripts in it, and converts it to a template. One template is built on every allowed node, or a single
 * template if the storage is shared. An existing template is kept unless `replace` is set. If a build fails, its
 * container is removed.
 */
import type { Clock } from '../kernel/clock.js';
import { AgentError } from '../kernel/errors.js';
import { templateMark } from '../kernel/mark.js';
import { plainCall } from '../drivers/shared/call.js';
import type { ClusterView, ClusterWatch, GuestView } from '../drivers/guest/contract.js';
import type { RegisteredProduct } from '../modules/registry.js';
import { makeTemplate, type TemplateWork } from './make-template.js';
import { freeVmid, isShared, nodesToBuildOn, nodeWithRoom } from './place-template.js';

export interface BuildTemplateOrder extends Omit<TemplateWork, 'recipe' | 'volume' | 'mark'> {
  readonly product: RegisteredProduct;
  readonly watch: ClusterWatch;
  readonly clock: Clock;
  /** Build new templates and remove the old ones. */
  readonly replace?: boolean;
}

export interface BuiltTemplate {
  readonly name: string;
  readonly node: string;
  readonly vmid: number;
  /** `kept`: a template already existed and was not replaced. */
  readonly outcome: 'built' | 'kept';
  /**
   * VMIDs of older templates that could not be removed because existing containers are linked clones of them. New
   * containers are cloned from the new template.
   */
  readonly left: readonly number[];
  readonly tookMs: number;
}

/**
 * One entry per node, sorted by name. Throws `template_missing` (no OS template), `capacity_exhausted` (no VMID,
 * address or node), `foreign_object` (the template to replace was created by another program), `recipe_failed`, and
 * what the drivers throw.
 */
export async function buildTemplate(order: BuildTemplateOrder): Promise<BuiltTemplate[]> {
  const recipe = order.product.declared.template;
  if (!recipe) {
    throw new AgentError(
      'invalid_request',
      `The product ${order.product.info.name} does not need a template.`,
    );
  }
  const volume = order.config.container_host.proxmox.os_template;
  if (volume === null) {
    throw new AgentError('template_missing', 'No OS template is configured.', {
      role: 'container host',
      detail:
        'set container_host.proxmox.os_template, e.g. local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst',
    });
  }
  const work: Work = {
    ...order,
    recipe,
    volume,
    mark: templateMark(order.config.agent.id, order.product.info.name),
  };
  const first = await order.watch.fresh(0, order.signal);
  await removeLeftovers(work, first);
  const [there] = isShared(work, first) ? templatesOf(work, first) : [];
  const nodes = there ? [there.node] : nodesToBuildOn(work, first);
  const built: BuiltTemplate[] = [];
  for (const node of nodes) built.push(await buildOn(work, node));
  return built;
}

/**
 * Throws if the storage cannot hold a template. Without this check, the build would fail only after the installation.
 */
function refuseUnfitStorage({ config }: Work, view: ClusterView): void {
  if (view.templates !== false) return;
  const { storage } = config.container_host.proxmox;
  throw new AgentError('invalid_request', 'The configured storage does not support templates.', {
    detail:
      `storage "${storage}" does not support base images (LINSTOR/DRBD, thick LVM): ` +
      'set container_host.proxmox.storage to another storage such as local-lvm, build the template, then set it back; ' +
      `sites become full copies on "${storage}"`,
  });
}

interface Work extends TemplateWork, BuildTemplateOrder {}

/** Removes containers of an earlier build that did not finish. */
async function removeLeftovers(work: Work, view: ClusterView): Promise<void> {
  const { first, last } = work.config.container_host.proxmox.template_vmids;
  for (const guest of view.guests) {
    if (guest.template || guest.type !== 'lxc' || guest.vmid < first || guest.vmid > last) continue;
    const at = { vmid: guest.vmid, mark: work.mark };
    if (!(await work.guest.find(at, plainCall(work.signal)))) continue;
    work.log.warn({ vmid: guest.vmid, node: guest.node }, 'removing the leftovers of an interrupted build');
    work.progress?.({ node: guest.node, vmid: guest.vmid, phase: 'remove' });
    await work.guest.removeContainer(at, plainCall(work.signal));
  }
}

async function buildOn(work: Work, node: string): Promise<BuiltTemplate> {
  const began = work.clock.monotonic();
  const view = await work.watch.fresh(0, work.signal);
  const old = templatesOf(work, view, node);
  const [newest] = old;
  const result = (vmid: number, outcome: BuiltTemplate['outcome'], left: number[]): BuiltTemplate => ({
    name: work.recipe.name,
    node,
    vmid,
    outcome,
    left,
    tookMs: work.clock.monotonic() - began,
  });
  if (newest && work.replace !== true) return result(newest.vmid, 'kept', []);
  refuseUnfitStorage(work, view);
  for (const guest of old) await requireOurs(work, guest);
  nodeWithRoom(work, { ...view, nodes: view.nodes.filter(({ name }) => name === node) });
  const vmid = await make(work, node, view, newest?.vmid);
  return result(vmid, 'built', await removeOld(work, old));
}

/**
 * The existing templates, newest first. If there are several, containers are cloned from the template with the highest
 * VMID.
 */
function templatesOf(work: Work, view: ClusterView, node?: string): GuestView[] {
  return view.guests
    .filter((guest) => guest.type === 'lxc' && guest.template && guest.name === work.recipe.name)
    .filter((guest) => node === undefined || guest.node === node || isShared(work, view))
    .sort((a, b) => b.vmid - a.vmid);
}

async function requireOurs(work: Work, { vmid, node }: GuestView): Promise<void> {
  if (await work.guest.find({ vmid, mark: work.mark }, plainCall(work.signal))) return;
  throw new AgentError(
    'foreign_object',
    'The template was not created by this agent, so it is not replaced.',
    {
      role: 'container host',
      detail: `template ${vmid} "${work.recipe.name}" on ${node}: rename it, or set another template_name`,
    },
  );
}

/**
 * Builds the template and resolves with its VMID. If another program takes the VMID in the meantime, the next free one
 * is used.
 */
async function make(work: Work, node: string, view: ClusterView, above: number | undefined): Promise<number> {
  const tried = new Set<number>();
  for (;;) {
    const vmid = freeVmid(work, view, above, tried);
    tried.add(vmid);
    try {
      await makeTemplate(work, node, vmid);
      return vmid;
    } catch (error) {
      if (!(error instanceof AgentError && error.code === 'vmid_taken')) throw error;
    }
  }
}

/**
 * Removes older templates. Resolves with the VMIDs of those that could not be removed, because a linked clone still
 * needs its template.
 */
async function removeOld(work: Work, old: readonly GuestView[]): Promise<number[]> {
  const left: number[] = [];
  for (const { vmid, node } of old) {
    work.progress?.({ node, vmid, phase: 'replace' });
    try {
      await work.guest.removeContainer({ vmid, mark: work.mark }, plainCall(work.signal));
    } catch (error) {
      if (work.signal.aborted) throw error;
      work.log.warn(
        { vmid, node, err: error },
        'an old template could not be removed; it is probably still in use',
      );
      left.push(vmid);
    }
  }
  return left;
}
