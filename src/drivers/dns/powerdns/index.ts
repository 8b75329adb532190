/**
 * The DNS driver `powerdns` writes record sets in one zone through the HTTP API, each with our mark. The driver reads
 * before it writes, and reads the result back.
 */
import PQueue from 'p-queue';
import { abortError, throwIfAborted } from '../../shared/abort.js';
import type { Circuit } from '../../shared/circuit.js';
import { inTurn } from '../../../kernel/async/in-turn.js';
import { pause } from '../../../kernel/async/pause.js';
import { systemClock } from '../../../kernel/clock.js';
import type { DnsDeps, DnsDriver } from '../contract.js';
import {
  failed,
  lacksComments,
  powerDnsClient,
  type RecordSet,
  type RecordSetChange,
  unproven,
  type WholeZone,
  zoneMissing,
} from './client.js';
import type { PowerDnsConfig, PowerDnsSettings } from './config.js';
import { isMarkedAlone, isOwnerName, marksOf, ownerName } from './marks.js';
import { contentsOf, liveOf, plan, planRemoval, type Wanted } from './plan.js';
import { type InTurn, powerDnsZones } from './zones.js';
import { fromContent, isName } from './record-content.js';

export function driver({ agent, dns }: PowerDnsSettings, { circuits }: DnsDeps): DnsDriver {
  if (!dns.powerdns) throw new Error('dns.powerdns is missing');
  const circuit = circuits?.of('dns', 'DNS');
  return powerDnsDriver(dns.powerdns, dns.ttl_s, `innkeeper:${agent.id}`, circuit);
}

/**
 * `account`: the value of the field `account` by which the agent recognizes the zones that it manages for customers.
 */
export function powerDnsDriver(
  config: PowerDnsConfig,
  ttlS: number,
  account = 'innkeeper',
  circuit?: Circuit,
): DnsDriver {
  const client = powerDnsClient(config, circuit);
  // Only one change is sent at a time: with an SQLite back end, the server responds to a concurrent change with 500
  // "database is locked".
  const queue = new PQueue({ concurrency: 1 });
  const zone = config.zone.replace(/\.$/, '').toLowerCase();
  /** True until a response shows that the server cannot store comments. */
  const server: Server = { hasComments: true, change: (changes) => client.change(changes) };

  const absolute = (name: string): string => {
    if (!isName(name)) throw failed(`not a name: ${JSON.stringify(name)}`);
    if (name !== zone && !name.endsWith(`.${zone}`)) throw failed(`${name} is outside of the zone ${zone}`);
    return `${name}.`;
  };
  const inTurnOf: InTurn = async (signal, work) =>
    inTurn(
      (next) => queue.add(next),
      signal,
      () => abortError(signal, 'dns_unreachable', 'waiting for the DNS server'),
      work,
    );

  const whole = async (signal: AbortSignal): Promise<WholeZone> => {
    const found = await client.findZone(`${zone}.`, signal);
    if (!found) throw zoneMissing(zone);
    return found;
  };
  /** If `owner` is given, also reads the record sets at the owner name, where the mark of a removed set may remain. */
  const look = (name: string, signal: AbortSignal, owner = false): Look => ({
    name,
    async near() {
      const here = await client.read(name, signal);
      const isUnmarked = here.some((set) => liveOf(set).length > 0 && marksOf(set, []).length === 0);
      return owner || isUnmarked ? [...here, ...(await client.read(ownerName(name), signal))] : here;
    },
    async far() {
      const names = [name, ownerName(name)];
      return (await whole(signal)).sets.filter((set) => names.includes(set.name.toLowerCase()));
    },
  });

  return {
    capabilities: { records: true },
    zones: powerDnsZones(client, inTurnOf, account.slice(0, 40)),

    async ensureRecord(record, { signal }) {
      const wanted: Wanted = { ...record, name: absolute(record.name), contents: contentsOf(record), ttlS };
      await inTurnOf(signal, () =>
        untilStands(
          server,
          look(wanted.name, signal),
          (found, hasComments) => plan(found, wanted, hasComments),
          signal,
        ),
      );
    },

    async removeRecord({ name: bare, type, mark }, { signal }) {
      const ours = { name: absolute(bare), type, mark };
      await inTurnOf(signal, () =>
        untilStands(server, look(ours.name, signal, true), (found) => planRemoval(found, ours), signal),
      );
    },

    async find(bare, type, { signal }) {
      const found = await look(absolute(bare), signal).near();
      const set = found.find((one) => one.type === type && liveOf(one).length > 0 && !isOwnerName(one.name));
      if (!set) return undefined;
      const values = liveOf(set).map(({ content }) => fromContent(type, content));
      return { values, mark: marksOf(set, found)[0] };
    },

    async list({ signal }) {
      const { sets } = await whole(signal);
      const owners = new Map(
        sets.filter(({ name }) => isOwnerName(name)).map((set) => [set.name.toLowerCase(), set]),
      );
      return sets.flatMap((set) => {
        const owner = owners.get(ownerName(set.name.toLowerCase()));
        const mark = marksOf(set, owner ? [owner] : [])[0];
        // the server does not serve a disabled set, so it is treated as missing
        const live = liveOf(set);
        if (!mark || live.length === 0) return [];
        const name = set.name.toLowerCase().replace(/\.$/, '');
        const values = live.map(({ content }) => contentText(set.type, content));
        return [{ name, type: set.type, values, mark, markAlone: isMarkedAlone(set) }];
      });
    },

    close: () => client.close(),
  };
}

/** The maximum number of times that a change is sent if it is acknowledged but not visible. */
const SENDS = 3;
/**
 * The delay before the next read. A server with a replicated database may accept a change and show it only after some
 * time.
 */
const UNSEEN_MS = 100;

interface Look {
  readonly name: string;
  /** Reads the served sets at the name, with their marks. This read is cheap, but does not show disabled records. */
  near(): Promise<readonly RecordSet[]>;
  /** Reads all records before a change. */
  far(): Promise<readonly RecordSet[]>;
}

interface Server {
  /** True if the mark of a set can be stored in a comment. */
  hasComments: boolean;
  change(changes: readonly RecordSetChange[]): Promise<void>;
}

type Plan = (found: readonly RecordSet[], hasComments: boolean) => readonly RecordSetChange[];

/**
 * Sends the missing changes, and repeats this until a read shows that no change is missing, because an acknowledgement
 * does not prove that a change took effect.
 */
async function untilStands(server: Server, look: Look, missing: Plan, signal: AbortSignal): Promise<void> {
  for (let sent = 0; ;) {
    if (missing(await look.near(), server.hasComments).length === 0) return;
    // a REPLACE removes all records of the set that it does not contain, so it must also contain the disabled records
    const changes = missing(await look.far(), server.hasComments);
    if (changes.length === 0) return;
    if (sent >= SENDS)
      throw unproven(`${look.name} was changed ${SENDS} times, but still lacks ${JSON.stringify(changes)}`);
    if (sent > 0) await pause(systemClock, UNSEEN_MS * sent, signal);
    throwIfAborted(signal, 'dns_unreachable', 'querying the DNS server');
    try {
      await server.change(changes);
      sent += 1;
    } catch (error) {
      // the server refused the whole request, so nothing has changed
      if (!server.hasComments || !lacksComments(error)) throw error;
      server.hasComments = false;
    }
  }
}

/**
 * If the driver does not write records of a type, it returns the values of this type exactly as the server sends them.
 */
function contentText(type: string, content: string): string {
  return type === 'A' || type === 'AAAA' || type === 'CNAME' || type === 'TXT'
    ? fromContent(type, content)
    : content;
}
