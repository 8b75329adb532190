/**
 * Operations that are carried out within their call, without a job: customers' zones. The caller repeats what may
 * pass, and learns at once of what does not.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { recordId } from '../../src/model/zone-record.js';
import type { CallSite } from './call-sites.js';
import { INSIDE, type Row } from './cell.js';
import type { FaultKind } from './kinds.js';
import { type Answer, type Fields, listOf, type Stage, textOf } from './harness.js';
import { beginTrouble } from './trouble.js';

export interface CallAtOnce {
  readonly name: string;
  prepare(stage: Stage, id: string): Promise<void>;
  call(stage: Stage, id: string): Promise<Answer>;
  /** What a repeated call may be told of what the first one did. */
  readonly already?: string;
  /** Whether the world and the records tell that it is done; undefined when they differ. */
  isDone(stage: Stage, id: string): Promise<boolean | undefined>;
}

const ADDRESS = '198.51.100.7';
const MOST_REPEATS = 6;
const REPEAT_MS = 400;
const zoneOf = (id: string): string => `zone-${id}.example.org`;
const userOf = (id: string): string => `u-${id}`;

const post = (stage: Stage, what: string, body: object): Promise<Answer> =>
  stage.call('POST', `/customdomain/${what}`, body);
const addZone = (stage: Stage, id: string): Promise<Answer> =>
  post(stage, 'add/zone', { user_id: userOf(id), domain: zoneOf(id) });
const addRecord = (stage: Stage, id: string): Promise<Answer> =>
  post(stage, 'add/record', { zone: zoneOf(id), type: 'A', name: 'shop', ip: ADDRESS });

async function good(answer: Promise<Answer>): Promise<void> {
  const { status, body } = await answer;
  if (status !== 200) throw new Error(`the preparation failed: ${status} ${JSON.stringify(body)}`);
}

const delegated = (stage: Stage, id: string): Promise<void> =>
  stage.dns(zoneOf(id), ['ns1.sandbox.test.'], 'NS');
async function withZone(stage: Stage, id: string): Promise<void> {
  await delegated(stage, id);
  await good(addZone(stage, id));
}
async function withRecord(stage: Stage, id: string): Promise<void> {
  await withZone(stage, id);
  await good(addRecord(stage, id));
}

const atServer = async (stage: Stage, id: string): Promise<Fields | undefined> =>
  (await stage.customerZones()).find(({ name }) => name === `${zoneOf(id)}.`);
/** As the panel sees it. */
const onRecord = async (stage: Stage, id: string): Promise<Fields | undefined> =>
  listOf((await post(stage, 'getdata', { user_id: userOf(id) })).body['zones']).find(
    ({ zone }) => zone === zoneOf(id),
  );

async function zoneStands(stage: Stage, id: string): Promise<boolean | undefined> {
  const [there, known] = [await atServer(stage, id), await onRecord(stage, id)];
  // asked for and not finished: the same call finishes it
  const isKnown = known !== undefined && known['state'] !== 'making';
  return isKnown === (there !== undefined) ? isKnown : undefined;
}

async function recordStands(stage: Stage, id: string): Promise<boolean | undefined> {
  const sets = listOf((await atServer(stage, id))?.['records']);
  const found = sets.filter(({ name, type }) => name === `shop.${zoneOf(id)}.` && type === 'A');
  const values = found.flatMap(({ records }) => listOf(records).map(({ content }) => content));
  return values.length > 1 || found.length > 1 ? undefined : values[0] === ADDRESS;
}

const isNot = (what: CallAtOnce['isDone']): CallAtOnce['isDone'] => {
  return async (stage, id) => {
    const found = await what(stage, id);
    return found === undefined ? undefined : !found;
  };
};

export const CALLS_AT_ONCE: readonly CallAtOnce[] = [
  { name: 'add zone', prepare: delegated, call: addZone, already: 'zone_exists', isDone: zoneStands },
  {
    name: 'remove zone',
    prepare: withZone,
    call: (stage, id) => post(stage, 'delete/zone', { domain: zoneOf(id) }),
    isDone: isNot(zoneStands),
  },
  { name: 'add record', prepare: withZone, call: addRecord, already: 'record_exists', isDone: recordStands },
  {
    name: 'remove record',
    prepare: withRecord,
    call: (stage, id) =>
      post(stage, 'delete/record', {
        zone_id: zoneOf(id),
        rc_id: recordId('A', `shop.${zoneOf(id)}`, ADDRESS),
      }),
    isDone: isNot(recordStands),
  },
];

/** Which of these its call makes. */
export async function sitesOfCall(
  stage: Stage,
  operation: CallAtOnce,
  id: string,
  all: readonly CallSite[],
): Promise<CallSite[]> {
  await operation.prepare(stage, id);
  const marks = await Promise.all(all.map(async (site) => ({ site, fault: await watched(stage, site) })));
  await good(operation.call(stage, id));
  const met: CallSite[] = [];
  for (const { site, fault } of marks) if ((await stage.struck(fault)) > 0) met.push(site);
  await stage.noFaults();
  await remove(stage, id);
  return met;
}

const watched = (stage: Stage, { target, method, path }: CallSite): Promise<string> =>
  stage.fault({ target, method, path, kind: { delayMs: 0 } });

export async function runCallAtOnce(
  stage: Stage,
  operation: CallAtOnce,
  site: CallSite,
  kind: FaultKind,
  id: string,
): Promise<Row> {
  await operation.prepare(stage, id);
  const trouble = await beginTrouble(stage, site, kind);
  const from = performance.now();
  const first = await operation.call(stage, id);
  const wrong = untrue(kind, first);
  let [answer, repeats, struck] = [first, 0, 0];
  while (!isEnd(operation, answer) && repeats < MOST_REPEATS) {
    repeats += 1;
    // what does not pass by itself has been mended by somebody
    struck = Math.max(struck, await trouble.fired());
    if (kind.times === undefined) await trouble.end();
    // a circuit that is open looks again after a second
    await delay(REPEAT_MS);
    answer = await operation.call(stage, id);
  }
  const ms = Math.round(performance.now() - from);
  struck = Math.max(struck, await trouble.fired());
  await trouble.end();
  await stage.noFaults();
  if (!isEnd(operation, answer))
    wrong.push(`repeated ${repeats} times it is still ${answer.status} ${JSON.stringify(answer.body)}`);
  const done = await operation.isDone(stage, id);
  if (done === undefined) wrong.push('record and name server differ');
  else if (!done) wrong.push('it is said to be done, and is not');
  if (struck === 0) wrong.push('the fault never struck');
  await remove(stage, id);
  return {
    ...{ operation: operation.name, call: site.name, fault: kind.name },
    ...{ end: repeats === 0 ? 'done' : 'refused, then done', ms, struck, wrong },
    error: first.status === 200 ? '' : textOf(first.body['code']),
  };
}

const isEnd = ({ already }: CallAtOnce, { status, body }: Answer): boolean =>
  status === 200 || (already !== undefined && body['code'] === already);

/**
 * A refusal has a code of ours and a sentence that holds nothing of the inside; what cannot pass is not reported as
 * done, nor as something to wait for.
 */
function untrue({ expected, times }: FaultKind, { status, body }: Answer): string[] {
  const wrong: string[] = [];
  const sentence = textOf(body['error']);
  if (status !== 200 && (typeof body['code'] !== 'string' || sentence === ''))
    wrong.push(`${status} without a word: ${JSON.stringify(body)}`);
  if (INSIDE.test(sentence)) wrong.push(`it tells a customer about the inside: ${sentence}`);
  if (body['code'] === 'internal_error') wrong.push('it is taken for a defect of the agent');
  if (expected === 'given up' && times === undefined && status === 200)
    wrong.push('it cannot have been done');
  return wrong;
}

/** Nothing of one cell meets the next. */
async function remove(stage: Stage, id: string): Promise<void> {
  const { status, body } = await post(stage, 'delete/zone', { domain: zoneOf(id) });
  if (status !== 200 && body['code'] !== 'zone_not_found')
    throw new Error(`the zone cannot be removed: ${status} ${JSON.stringify(body)}`);
}
