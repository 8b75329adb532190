/**
 * Finds the OS template of an image. An image is named without a version, so new containers get the newest version that
 * the operator has downloaded to their node.
 */
import { AgentError } from '../../kernel/errors.js';
import type { OsTemplate, Source } from '../../drivers/guest/contract.js';
import type { ContainerSource } from '../../modules/kit/host-call-types.js';
import { driverCall, type Effect } from './effect.js';
import { sourceOf } from './placement.js';

/** The nodes that have the image in any version. Throws `template_missing` if there is none. */
export async function nodesWithImage(effect: Effect, image: string): Promise<string[]> {
  const templates = await effect.deps.drivers.guest.listOsTemplates(await driverCall(effect));
  const nodes = templates.filter(({ name }) => name === image).map(({ node }) => node);
  if (nodes.length > 0) return [...new Set(nodes)];
  throw missing(image, templates);
}

/** The source in the form that the driver expects for a new container on this node. Throws `template_missing`. */
export async function sourceOn(effect: Effect, node: string, wanted: ContainerSource): Promise<Source> {
  if (wanted.kind !== 'image') {
    const source = sourceOf(effect.deps.config, wanted);
    if (source.kind !== 'anywhere') return source;
  }
  const image = imageOf(wanted);
  const templates = await effect.deps.drivers.guest.listOsTemplates(await driverCall(effect));
  const versions = new Intl.Collator('en', { numeric: true });
  const newest = templates
    .filter((one) => one.node === node && one.name === image)
    .sort((a, b) => versions.compare(b.version, a.version))[0];
  if (newest) return { kind: 'os', volume: newest.volume };
  throw missing(
    image,
    templates.filter((one) => one.node === node),
  );
}

export function imageOf({ image }: ContainerSource): string {
  if (image !== undefined) return image;
  throw new AgentError('module_failed', 'The product does not name an image.', { retryable: false });
}

function missing(image: string, there: readonly OsTemplate[]): AgentError {
  const names = [...new Set(there.map(({ name }) => name))].sort().join(', ');
  return new AgentError('template_missing', 'The ordered operating system is not available at the moment.', {
    role: 'container host',
    detail: `no OS template "${image}"; there are: ${names || 'none'}; download it with pveam on each node`,
  });
}
