/**
 * Makes a product's golden template on the container host itself: a container from the OS template, the product's
 * scripts in it, then a template. On every allowed node where the storage is not shared, else once. What exists
 * already is kept, unless it is to be replaced; a failure leaves nothing behind.
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
  /** Make new ones and remove the old. */
  readonly replace?: boolean;
}

export interface BuiltTemplate {
  readonly name: string;
  readonly node: string;
  readonly vmid: number;
  /** `kept`: it was there and nothing was done. */
  readonly outcome: 'built' | 'kept';
  /**
   * Older templates that could not be removed, because containers were cloned from them. New ones are cloned from
   * this one.
   */
  readonly left: readonly number[];
  readonly tookMs: number;
}

/**
 * One entry per node, in the order of their names. Throws `template_missing` (no OS template), `capacity_exhausted`
 * (no number, address or room), `foreign_object` (a template of this name that is not ours is to be replaced),
 * `recipe_failed`, and what the drivers throw.
 */
export async function buildTemplate(order: BuildTemplateOrder): Promise<BuiltTemplate[]> {
  const recipe = order.product.module.template(order.product.settings);
  if (!recipe) {
    throw new AgentError('invalid_request', `The product ${order.product.info.name} needs no template.`);
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

/** Found out at the end, the installation would have been in vain. */
function refuseUnfitStorage({ config }: Work, view: ClusterView): void {
  if (view.templates !== false) return;
  const { storage } = config.container_host.proxmox;
  throw new AgentError('invalid_request', 'The configured storage cannot hold templates.', {
    detail: `storage "${storage}" has no base images (LINSTOR/DRBD, thick LVM): build with container_host.proxmox.storage on another one, e.g. local-lvm, then set it back; sites become full copies on "${storage}"`,
  });
}

interface Work extends TemplateWork, BuildTemplateOrder {}

/** Containers of an earlier build that did not come to its end. */
async function removeLeftovers(work: Work, view: ClusterView): Promise<void> {
  const { first, last } = work.config.container_host.proxmox.template_vmids;
  for (const guest of view.guests) {
    if (guest.template || guest.type !== 'lxc' || guest.vmid < first || guest.vmid > last) continue;
    const at = { vmid: guest.vmid, mark: work.mark };
    if (!(await work.guest.find(at, plainCall(work.signal)))) continue;
    work.log.warn({ vmid: guest.vmid, node: guest.node }, 'removing what an interrupted build left');
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

/** Newest first: of several the one with the highest number is cloned. */
function templatesOf(work: Work, view: ClusterView, node?: string): GuestView[] {
  return view.guests
    .filter((guest) => guest.type === 'lxc' && guest.template && guest.name === work.recipe.name)
    .filter((guest) => node === undefined || guest.node === node || isShared(work, view))
    .sort((a, b) => b.vmid - a.vmid);
}

async function requireOurs(work: Work, { vmid, node }: GuestView): Promise<void> {
  if (await work.guest.find({ vmid, mark: work.mark }, plainCall(work.signal))) return;
  throw new AgentError('foreign_object', 'The template was not made by this agent, so it is not replaced.', {
    role: 'container host',
    detail: `template ${vmid} "${work.recipe.name}" on ${node}: rename it, or set another template_name`,
  });
}

/** The finished template's number; one that somebody takes meanwhile is passed over. */
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

/** Numbers of those that stay: a linked clone needs the template it came from. */
async function removeOld(work: Work, old: readonly GuestView[]): Promise<number[]> {
  const left: number[] = [];
  for (const { vmid, node } of old) {
    work.progress?.({ node, vmid, phase: 'replace' });
    try {
      await work.guest.removeContainer({ vmid, mark: work.mark }, plainCall(work.signal));
    } catch (error) {
      if (work.signal.aborted) throw error;
      work.log.warn({ vmid, node, err: error }, 'the old template stays: it is probably still in use');
      left.push(vmid);
    }
  }
  return left;
}
