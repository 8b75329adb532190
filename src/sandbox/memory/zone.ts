/**
 * A DNS zone of the sandbox with record sets and comments. The zone is stored in one file. The simulated PowerDNS API
 * changes the zone, and the name server serves it.
 */
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { findJson, writeJson } from '../files.js';

export interface ZoneRecord {
  readonly content: string;
  readonly disabled: boolean;
}

export interface ZoneComment {
  readonly account: string;
  readonly content: string;
  readonly modified_at: number;
}

/** Names are absolute and in lower case, with a final dot, as PowerDNS writes them. */
export interface RrSet {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly records: readonly ZoneRecord[];
  readonly comments: readonly ZoneComment[];
}

const ZoneFile = Type.Object({
  account: Type.Optional(Type.String()),
  serial: Type.Integer(),
  rrsets: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.String(),
      ttl: Type.Integer(),
      records: Type.Array(Type.Object({ content: Type.String(), disabled: Type.Boolean() })),
      comments: Type.Array(
        Type.Object({ account: Type.String(), content: Type.String(), modified_at: Type.Integer() }),
      ),
    }),
  ),
});

export interface Zone {
  /** The name of the zone, with a final dot. */
  readonly name: string;
  /** The owner of the zone, as the client of the API has set it. */
  readonly account: string;
  serial(): number;
  /** Returns all record sets, or the record sets of one name. */
  rrsets(name?: string): readonly RrSet[];
  find(name: string, type: string): RrSet | undefined;
  /** Returns whether the name, or a name below it, has records. */
  exists(name: string): boolean;
  /**
   * Replaces record sets atomically and increments the serial. A set without records and comments is removed.
   * Resolves when the change is durable.
   */
  replace(changed: readonly RrSet[]): Promise<void>;
}

const keyOf = (name: string, type: string): string => `${name} ${type}`;

/** Loads the zone from `file`, or creates it with SOA and NS records. `name` has no final dot. */
export async function openZone(
  file: string,
  name: string,
  now: () => number = Date.now,
  account = '',
): Promise<Zone> {
  const origin = `${name}.`;
  const kept = await findJson(file);
  if (kept !== undefined && !Value.Check(ZoneFile, kept))
    throw new Error(`${file} is damaged: it is not a zone; remove the state folder to start again`);
  let serial = kept?.serial ?? firstSerial(now());
  let sets = new Map((kept?.rrsets ?? birthSets(origin)).map((set) => [keyOf(set.name, set.type), set]));
  let written: Promise<void> = Promise.resolve();
  const zone: Zone = {
    name: origin,
    account: kept?.account ?? account,
    serial: () => serial,
    rrsets: (wanted) => [...sets.values()].filter((set) => wanted === undefined || set.name === wanted),
    find: (wanted, type) => sets.get(keyOf(wanted, type)),
    exists: (wanted) =>
      [...sets.values()].some((set) => set.name === wanted || set.name.endsWith(`.${wanted}`)),
    async replace(changed) {
      const next = new Map(sets);
      for (const set of changed) {
        const key = keyOf(set.name, set.type);
        if (set.records.length === 0 && set.comments.length === 0) next.delete(key);
        else next.set(key, set);
      }
      sets = next;
      serial = Math.max(serial + 1, firstSerial(now()));
      const snapshot = { account: zone.account, serial, rrsets: [...next.values()] };
      written = written.catch(() => {}).then(() => writeJson(file, snapshot));
      await written;
    },
  };
  if (kept === undefined) await zone.replace([]);
  return zone;
}

/** Returns the SOA record with the current serial of the zone. */
export function withSerial(set: RrSet, serial: number): RrSet {
  const records = set.records.map((record) => ({
    ...record,
    content: record.content.replace(/^(\S+ \S+) \d+/, `$1 ${serial}`),
  }));
  return { ...set, records };
}

/** Returns a serial of the form YYYYMMDD01, which PowerDNS generates with the default value of SOA-EDIT-API. */
function firstSerial(now: number): number {
  return Number(`${new Date(now).toISOString().slice(0, 10).replaceAll('-', '')}01`);
}

function birthSets(origin: string): RrSet[] {
  const set = (name: string, type: string, content: string): RrSet => ({
    name,
    type,
    ttl: 3600,
    records: [{ content, disabled: false }],
    comments: [],
  });
  return [
    set(origin, 'SOA', `ns1.${origin} hostmaster.${origin} 0 10800 3600 604800 60`),
    set(origin, 'NS', `ns1.${origin}`),
    set(`ns1.${origin}`, 'A', '127.0.0.1'),
  ];
}
