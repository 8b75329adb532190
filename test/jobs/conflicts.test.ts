import { readFile } from 'node:fs/promises';
import t from 'tap';
import type { Job } from '../../src/model/job.js';
import type { Lifecycle, Service } from '../../src/model/service.js';
import { judge, openJobRule, REFUSALS, standingOf, type Verdict } from '../../src/jobs/conflicts.js';
import { type Standing, STANDINGS } from '../../src/model/job-kind-data.js';
import { GROUPS, JOB_KINDS, kindData, type KindName, kindsIn } from '../../src/model/job-kinds.js';
import { aJob, aService } from '../fakes/samples.js';
import { groups, kindOf as methodOf, withConflictTables } from '../tools/conflict-tables.js';

const DELETIONS: readonly string[] = ['delete', 'forget', 'purge'];

const at = (standing: Standing, jobs: Job[] = []): Service => {
  const lifecycles: Readonly<Record<Standing, Lifecycle>> = {
    creating: 'creating',
    active: 'active',
    suspended: 'suspended',
    stuck: 'active',
    failed: 'failed',
    held: 'terminated',
    terminated: 'terminated',
  };
  const stuck =
    standing === 'stuck' ? [aJob({ id: 'stuck', method: 'restart', status: 'stuck', endedAt: 'x' })] : [];
  return aService({
    lifecycle: lifecycles[standing],
    deletion: standing === 'held' ? { requestedAt: 'x', purgeAt: 'y' } : null,
    jobs: [...stuck, ...jobs],
  });
};
const wordOf = (verdict: Verdict): string =>
  verdict.kind === 'refuse'
    ? `${verdict.error.code}: ${verdict.error.message}`
    : verdict.kind === 'join'
      ? 'join'
      : verdict.supersedes.length > 0
        ? 'supersede'
        : 'add';
const sentence = (why: keyof typeof REFUSALS): string => REFUSALS[why].join(': ');

t.test('every wish in every standing gets what the table says', async (t) => {
  for (const standing of STANDINGS) {
    t.equal(standingOf(at(standing)), standing);
    for (const group of groups) {
      const rule = GROUPS[group][standing];
      const found = wordOf(judge(at(standing), methodOf(group), {}));
      t.equal(found, rule === 'go' ? 'add' : sentence(rule), `${group} while ${standing}`);
    }
  }
});

t.test('every wish beside every open job gets what the table says', async (t) => {
  for (const request of groups) {
    for (const open of groups) {
      const standing = STANDINGS.find((one) => GROUPS[request][one] === 'go');
      if (!standing) continue;
      const job = aJob({ method: methodOf(open), args: { of: 'somebody else' } });
      const rule = openJobRule(methodOf(request), methodOf(open));
      const expected = rule === 'queue' ? 'add' : rule === 'supersede' ? 'supersede' : sentence(rule);
      t.equal(
        wordOf(judge(at(standing, [job]), methodOf(request), {})),
        expected,
        `${request} beside ${open}`,
      );
    }
  }
});

t.test('operations that wait for one site are bounded; what stops or ends it is always taken', async (t) => {
  const waiting = Array.from({ length: 50 }, (_, n) =>
    aJob({ id: `w${n}`, method: n % 2 === 0 ? 'setPrimary' : 'upgrade', args: { n } }),
  );
  const full = at('active', waiting);
  for (const group of groups) {
    const method = methodOf(group);
    if (GROUPS[group].active !== 'go') continue;
    const found = wordOf(judge(full, method, {}));
    if (['delete', 'forget', 'purge'].includes(group) || group === 'suspend')
      t.not(found, sentence('full'), method);
    else t.equal(found, sentence('full'), method);
  }
  t.equal(wordOf(judge(full, 'upgrade', { n: 49 })), 'join', 'what waits already is joined');
  t.equal(wordOf(judge(at('active', waiting.slice(1)), 'setPrimary', {})), 'add');
});

t.test('the promises of the contract', async (t) => {
  const on = (standing: Standing, method: KindName, jobs: Job[] = [], args = {}): string =>
    wordOf(judge(at(standing, jobs), method, args));
  const running = (method: KindName, args = {}): Job => aJob({ id: method, method, status: 'running', args });

  t.equal(on('creating', 'delete', [running('create')]), 'supersede', 'delete ends a creation under way');
  t.equal(on('stuck', 'delete'), 'add', 'and a stuck one');
  for (const group of groups.filter((one) => !['delete', 'forget'].includes(one))) {
    t.equal(on('active', 'delete', [running(methodOf(group))]), 'supersede', `delete beats ${group}`);
  }
  t.equal(on('active', 'delete', [running('delete')]), 'join');
  t.equal(on('creating', 'suspend', [running('create')]), 'add', 'a suspension waits for the creation');
  t.equal(on('active', 'restart', [running('restart')]), 'join', 'the same call joins');
  t.equal(on('active', 'stop', [running('restart')]), 'add');
  t.equal(
    on('active', 'start', [running('start'), aJob({ method: 'stop' })]),
    'add',
    'not with one that something else comes after',
  );
  t.equal(on('active', 'upgrade', [running('upgrade', { plan: 'a' })], { plan: 'b' }), 'add');
  t.equal(on('active', 'upgrade', [running('upgrade', { plan: 'a' })], { plan: 'a' }), 'join');
  t.equal(on('active', 'rollback', [running('makeBackup')], { name: 'x' }), 'add');
  t.equal(on('suspended', 'makeBackup'), sentence('suspended'));
  t.equal(
    on('suspended', 'start', [aJob({ method: 'start' })]),
    sentence('suspended'),
    'even one that is queued',
  );
  t.equal(on('terminated', 'start'), sentence('gone'));
  t.equal(on('active', 'start', [running('delete')]), sentence('deleting'));
  t.equal(on('creating', 'reset', [running('create')]), sentence('making'));
  t.equal(
    on('active', 'restart', [{ ...running('restart'), cancel: { at: 'x', undo: false } }]),
    'add',
    'nobody joins what is being cancelled',
  );
});

t.test('the same call again joins, whatever waits behind its job, unless that overtakes it', async (t) => {
  const methods = groups.flatMap(kindsIn);
  const customers = methods.filter((method) => judge(at('active'), method, {}).kind === 'add');
  for (const requested of customers) {
    for (const behind of customers) {
      if (requested === behind || [requested, behind].some((kind) => DELETIONS.includes(kind))) continue;
      const open = [
        aJob({ id: 'own', method: requested, status: 'running' }),
        aJob({ id: 'behind', method: behind, args: { of: 'somebody else' } }),
      ];
      const by: readonly string[] | 'anything' = JOB_KINDS[requested].overtakenBy;
      const overtaken =
        behind !== 'certificate' && (by === 'anything' ? requested !== 'certificate' : by.includes(behind));
      const verdict = judge(at('active', open), requested, {});
      const found = verdict.kind === 'join' ? verdict.job.id : verdict.kind;
      if (requested === 'certificate') t.equal(found, 'add', `certificate with ${behind} behind it`);
      else t.equal(found, overtaken ? 'add' : 'own', `${requested} with ${behind} behind it`);
    }
  }
  const twice = ['a', 'b', 'a'].map((name, n) =>
    aJob({ id: String(n), method: 'removeBackup', args: { name } }),
  );
  t.match(judge(at('active', twice.slice(0, 2)), 'removeBackup', { name: 'a' }), { job: { id: '0' } });
  const upgrades = ['a', 'b'].map((plan) => aJob({ method: 'upgrade', args: { plan } }));
  t.match(judge(at('active', upgrades), 'upgrade', { plan: 'a' }), { kind: 'add' }, 'the last word counts');
});

t.test('whoever is suspended while being made is treated as suspended from then on', async (t) => {
  const making = aService({
    lifecycle: 'creating',
    suspendedFor: ['billing'],
    jobs: [aJob({ status: 'running' }), aJob({ id: 's', method: 'suspend', args: { reason: 'billing' } })],
  });
  t.equal(wordOf(judge(making, 'start', {})), sentence('suspended'));
  t.equal(wordOf(judge(making, 'unsuspend', { reason: 'billing' })), 'add');
  t.equal(wordOf(judge(making, 'suspend', { reason: 'billing' })), 'join');
  t.equal(wordOf(judge(making, 'delete', {})), 'supersede');
});

t.test('a certificate stands in nobody’s way', async (t) => {
  const open = [aJob({ id: 'a', method: 'start' }), aJob({ id: 'b', method: 'certificate' })];
  t.match(judge(at('active', open), 'start', {}), { kind: 'join', job: { id: 'a' } });
});

t.test('every method of a group is found in it', async (t) => {
  for (const group of groups) for (const kind of kindsIn(group)) t.equal(kindData(kind).group, group);
  t.equal(groups.flatMap(kindsIn).length, Object.keys(JOB_KINDS).length);
  t.equal(kindData('shuffle').group, 'other');
});

t.test('docs/operating.md shows the tables as they are', async (t) => {
  const page = await readFile('docs/operating.md', 'utf8');
  t.equal(page, await withConflictTables(page), 'docs/operating.md is out of date: npm run docs');
});
