/** Lists the OS templates on the configured storages. */
import type { DriverCall } from '../../shared/call.js';
import type { OsTemplate } from '../contract.js';
import { flag, num, read, type Resource, text, VOLUMES } from './schemas.js';
import { apiOf, type Host, readResources } from './host.js';
import { segment } from './client.js';
import { isPve } from './pve-error.js';
import type { ProxmoxConfig } from './config.js';

/** The storages whose OS templates products can use. */
export function imageStoragesOf({
  image_storages: listed,
  os_template: volume,
}: Pick<ProxmoxConfig, 'image_storages' | 'os_template'>): readonly string[] {
  if (listed.length > 0 || volume === null) return listed;
  return [volume.split(':', 1)[0] ?? ''];
}

/**
 * Returns one entry for each OS template and node. A node that cannot be queried now is left out. If no node can be
 * queried, throws the error of the last one.
 */
export async function listOsTemplates(host: Host, call: DriverCall): Promise<OsTemplate[]> {
  const resources = await readResources(host, call.signal);
  const found: OsTemplate[] = [];
  const failures: unknown[] = [];
  const places = placesIn(host, resources);
  for (const place of places) {
    try {
      found.push(...(await templatesAt(host, place, call)));
    } catch (error) {
      if (!isPve(error)) throw error;
      failures.push(error);
      (call.log ?? host.log).warn(
        { node: place.node, storage: place.storage, err: error },
        'the OS templates of a storage could not be listed',
      );
    }
  }
  if (failures.length > 0 && failures.length === places.length) throw failures.at(-1);
  return found;
}

interface Place {
  readonly storage: string;
  readonly node: string;
  /** The nodes that see the same volumes. */
  readonly nodes: readonly string[];
}

/** A shared storage is read through one of its nodes only. */
function placesIn({ config }: Host, resources: readonly Resource[]): Place[] {
  const storages = imageStoragesOf(config);
  const usable = resources.filter(
    (one) =>
      one.type === 'storage' && storages.includes(text(one.storage)) && text(one.status) === 'available',
  );
  return usable.flatMap((one) => {
    const [storage, node] = [text(one.storage), text(one.node)];
    if (!flag(one.shared)) return [{ storage, node, nodes: [node] }];
    const nodes = usable.filter((other) => text(other.storage) === storage).map((other) => text(other.node));
    return nodes[0] === node ? [{ storage, node, nodes }] : [];
  });
}

async function templatesAt(
  host: Host,
  { storage, node, nodes }: Place,
  call: DriverCall,
): Promise<OsTemplate[]> {
  const { content } = apiOf(host, call).nodes.$(segment(node)).storage.$(segment(storage));
  const answer: unknown = await content.$get({ content: 'vztmpl' });
  return read(VOLUMES, `content of ${storage}`, answer).flatMap(({ volid, size }) =>
    nodes.map((each) => ({ ...nameOf(volid), volume: volid, node: each, sizeBytes: num(size) })),
  );
}

/**
 * Splits the name of Proxmox's own templates, such as `debian-12-standard_12.7-1_amd64.tar.zst`. Any other file has
 * only a name.
 */
export function nameOf(volume: string): { readonly name: string; readonly version: string } {
  const file = (volume.split('/').at(-1) ?? volume).replace(/\.tar\.[a-z0-9]+$|\.tgz$/, '');
  const [, name, version] = /^(.+?)_([^_]+)_[a-z0-9]+$/.exec(file) ?? [];
  return name === undefined || version === undefined ? { name: file, version: '' } : { name, version };
}
