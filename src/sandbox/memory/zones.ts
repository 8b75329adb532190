/**
 * All zones of the sandbox's name server: the zone of the sites, the zones that customers created through the API, and
 * the rest of the internet. For the rest of the internet, there is one zone per top-level domain. Users of the sandbox
 * add records to these zones through the control endpoint.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openZone, type RrSet, type Zone } from './zone.js';

export interface Zones {
  /** The zone of the sites, which always exists. */
  readonly own: Zone;
  /** The zones of the API by name, with a final dot. */
  hosted(): readonly Zone[];
  /**
   * Returns the zone that contains a name (with a final dot). The zone of the sites and the zones of customers take
   * precedence over the outside zones. The servers to which a name is delegated are always read from the outside zone.
   */
  holding(name: string, type?: string): Zone | undefined;
  /** Creates a zone. The names in `nameServers` have a final dot. */
  make(name: string, nameServers: readonly string[], account: string): Promise<Zone>;
  remove(zone: Zone): Promise<void>;
  /**
   * Sets a whole record set of an outside zone. `name` has no final dot. If there are no values, the set is removed.
   */
  setOutside(name: string, type: string, values: readonly string[]): Promise<void>;
}

const NAME = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Loads all zones from `dir`. `own` has no final dot. */
export async function openZones(dir: string, own: string): Promise<Zones> {
  const base = await openZone(join(dir, 'zone.json'), own);
  const hosted = await openAll(join(dir, 'hosted'));
  const outside = await openAll(join(dir, 'outside'));
  const all = (): Zone[] => [base, ...hosted.values()];
  return {
    own: base,
    hosted: all,
    holding(name, type) {
      const above = outside.get(`${name.split('.').at(-2) ?? ''}.`);
      if (type === 'NS' && above?.find(name, 'NS')) return above;
      const fitting = all().filter((zone) => name === zone.name || name.endsWith(`.${zone.name}`));
      const closest = fitting.sort((a, b) => b.name.length - a.name.length)[0];
      return closest ?? above;
    },
    async make(name, nameServers, account) {
      const file = fileOf(join(dir, 'hosted'), name);
      const zone = await openZone(file, name.slice(0, -1), Date.now, account);
      const set = recordSet(name, 'NS', nameServers);
      // the zone gets the requested name servers instead of the name server that a new zone has by default
      await zone.replace([{ ...set, ttl: 3600 }, recordSet(`ns1.${name}`, 'A', [])]);
      hosted.set(zone.name, zone);
      return zone;
    },
    async remove(zone) {
      hosted.delete(zone.name);
      await rm(fileOf(join(dir, 'hosted'), zone.name), { force: true });
    },
    async setOutside(name, type, values) {
      const tld = `${name.split('.').at(-1) ?? ''}.`;
      if (!NAME.test(name) || !name.includes('.')) throw new RangeError(`not a name: ${name}`);
      const zone = outside.get(tld) ?? (await openZone(fileOf(join(dir, 'outside'), tld), tld.slice(0, -1)));
      outside.set(tld, zone);
      await zone.replace([recordSet(`${name}.`, type, values)]);
    },
  };
}

function recordSet(name: string, type: string, values: readonly string[]): RrSet {
  const records = values.map((content) => ({ content, disabled: false }));
  return { name, type, ttl: 5, records, comments: [] };
}

function fileOf(dir: string, name: string): string {
  return join(dir, `${name.replace(/\.$/, '')}.json`);
}

async function openAll(dir: string): Promise<Map<string, Zone>> {
  await mkdir(dir, { recursive: true });
  const zones = new Map<string, Zone>();
  for (const file of (await readdir(dir)).filter((name) => name.endsWith('.json'))) {
    const zone = await openZone(join(dir, file), file.slice(0, -'.json'.length));
    zones.set(zone.name, zone);
  }
  return zones;
}
