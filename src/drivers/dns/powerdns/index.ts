/**
 * DNS `powerdns`: record sets in one zone through the HTTP API, each with our mark as its comment. Reads before it
 * writes, and reads back.
 */
import PQueue from 'p-queue';
import { AgentError } from '../../../kernel/errors.js';
import { findMark, formatMark, isMarkAlone, type Mark, sameMark } from '../../../kernel/mark.js';
import { abortError, throwIfAborted } from '../../shared/abort.js';
import type { Circuit } from '../../shared/circuit.js';
import { inTurn } from '../../../kernel/async/in-turn.js';
import { pause } from '../../../kernel/async/pause.js';
import { systemClock } from '../../../kernel/clock.js';
import type { DnsDriver, DnsRecord } from '../contract.js';
import {
  failed,
  type PowerDnsClient,
  type PowerDnsConfig,
  powerDnsClient,
  type RecordSet,
  type RecordSetChange,
  unproven,
  zoneMissing,
} from './client.js';
import { type InTurn, powerDnsZones } from './zones.js';
import { fromContent, isName, toContent } from './values.js';

/** `account`: what customers' zones are marked with at the server. */
export function powerDnsDriver(
  config: PowerDnsConfig,
  ttlS: number,
  account = 'innkeeper',
  circuit?: Circuit,
): DnsDriver {
  const client = powerDnsClient(config, circuit);
  // One at a time: with sqlite behind it the server answers 500 "database is locked" to whoever comes second.
  const queue = new PQueue({ concurrency: 1 });
  const zone = config.zone.replace(/\.$/, '').toLowerCase();

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

  return {
    capabilities: { records: true },
    zones: powerDnsZones(client, inTurnOf, account.slice(0, 40)),

    async ensureRecord(record, { signal }) {
      const name = absolute(record.name);
      const wanted = wantedSet(record, name, ttlS);
      await inTurnOf(signal, () => untilStands(client, name, signal, (found) => plan(found, wanted, record)));
    },

    async removeRecord({ name: bare, type, mark }, { signal }) {
      const name = absolute(bare);
      const isOurs = (set: RecordSet): boolean => set.type === type && carries(set, mark);
      await inTurnOf(signal, () =>
        untilStands(client, name, signal, (found) =>
          found.some(isOurs) ? [{ name, type, changetype: 'DELETE' }] : [],
        ),
      );
    },

    async find(bare, type, { signal }) {
      const name = absolute(bare);
      const set = (await client.read(name, signal)).find(
        (one) => one.type === type && one.records.length > 0,
      );
      if (!set) return undefined;
      return { values: set.records.map(({ content }) => fromContent(type, content)), mark: marksOf(set)[0] };
    },

    async list({ signal }) {
      const whole = await client.findZone(`${zone}.`, signal);
      if (!whole) throw zoneMissing(zone);
      return whole.sets.flatMap((set) => {
        const mark = marksOf(set)[0];
        if (!mark || set.records.length === 0) return [];
        const name = set.name.toLowerCase().replace(/\.$/, '');
        const values = set.records.map(({ content }) => contentText(set.type, content));
        const markAlone = (set.comments ?? []).every(({ content }) => isMarkAlone(content));
        return [{ name, type: set.type, values, mark, markAlone }];
      });
    },

    close: () => client.close(),
  };
}

/** How often a change is sent that was acknowledged and cannot be seen. */
const SENDS = 3;
/** A server behind a replicated database may show a change a moment after it has taken it. */
const UNSEEN_MS = 100;

/** Sends what is missing until a look finds nothing missing: an acknowledgement is no proof. */
async function untilStands(
  client: PowerDnsClient,
  name: string,
  signal: AbortSignal,
  missing: (found: readonly RecordSet[]) => readonly RecordSetChange[],
): Promise<void> {
  for (let sent = 0; ; sent += 1) {
    const changes = missing(await client.read(name, signal));
    if (changes.length === 0) return;
    if (sent >= SENDS)
      throw unproven(`${name} was changed ${SENDS} times, but lacks ${JSON.stringify(changes)}`);
    if (sent > 0) await pause(systemClock, UNSEEN_MS * sent, signal);
    throwIfAborted(signal, 'dns_unreachable', 'asking the DNS server');
    await client.change(changes);
  }
}

type Wanted = RecordSetChange & {
  readonly ttl: number;
  readonly records: NonNullable<RecordSetChange['records']>;
};

function wantedSet(record: DnsRecord, name: string, ttl: number): Wanted {
  const contents = new Set(record.values.map((value) => contentOf(record.type, value)));
  if (contents.size === 0) throw failed(`${name} ${record.type} without a value`);
  return {
    name,
    type: record.type,
    changetype: 'REPLACE',
    ttl,
    records: [...contents].map((content) => ({ content, disabled: false })),
    comments: [{ content: formatMark(record.mark), account: 'innkeeper' }],
  };
}

function contentOf(type: DnsRecord['type'], value: string): string {
  try {
    return toContent(type, value);
  } catch (error) {
    throw failed(error instanceof Error ? error.message : String(error));
  }
}

/**
 * What has to change so that `wanted` stands; nothing when it does already. Throws `foreign_object` for what is not
 * ours.
 */
function plan(
  found: readonly RecordSet[],
  wanted: Wanted,
  { mark, type, name }: DnsRecord,
): RecordSetChange[] {
  const current = found.find((set) => set.type === type);
  if (current && isSame(current, wanted, { mark, type })) return [];
  // A CNAME tolerates nothing beside it.
  const inTheWay = found.filter(
    (set) => set.type === type || set.type === 'CNAME' || (type === 'CNAME' && isVisible(set)),
  );
  const foreign = inTheWay.find((set) => !carries(set, mark));
  if (foreign) {
    throw new AgentError('foreign_object', 'A DNS record that is not ours is in the way.', {
      role: 'DNS',
      detail: `${name} ${foreign.type} ${JSON.stringify(foreign.records.map((one) => one.content))} carries ${JSON.stringify(foreign.comments ?? [])}`,
    });
  }
  const replaced = inTheWay.filter((set) => set.type !== type);
  return [
    ...replaced.map((set) => ({ name: set.name, type: set.type, changetype: 'DELETE' as const })),
    wanted,
  ];
}

/** Sets that the server keeps for itself do not clash. */
function isVisible(set: RecordSet): boolean {
  return !['RRSIG', 'NSEC', 'NSEC3', 'NSEC3PARAM', 'DNSKEY'].includes(set.type);
}

function isSame(set: RecordSet, wanted: Wanted, { mark, type }: Pick<DnsRecord, 'mark' | 'type'>): boolean {
  const values = (records: readonly { content: string }[]): string =>
    JSON.stringify([...new Set(records.map(({ content }) => fromContent(type, content)))].sort());
  return (
    carries(set, mark) &&
    set.ttl === wanted.ttl &&
    set.records.every((one) => one.disabled !== true) &&
    values(set.records) === values(wanted.records)
  );
}

/** Types that are not ours to write stay as the server spells them. */
function contentText(type: string, content: string): string {
  return type === 'A' || type === 'AAAA' || type === 'CNAME' || type === 'TXT'
    ? fromContent(type, content)
    : content;
}

function marksOf(set: RecordSet): Mark[] {
  return (set.comments ?? []).flatMap((comment) => findMark(comment.content) ?? []);
}

function carries(set: RecordSet, mark: Mark): boolean {
  return marksOf(set).some((found) => sameMark(found, mark));
}
