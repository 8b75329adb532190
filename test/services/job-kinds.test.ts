/**
 * Every kind of job, walked through each of its ends: what it means for the service, and what the next start of the
 * daemon reads of it.
 */
import t from 'tap';
import { v7 as uuidv7 } from 'uuid';
import WordPress from '../../modules/product/wordpress/module.js';
import { systemClock } from '../../src/kernel/clock.js';
import { DEFAULT_POLICY, type Job } from '../../src/model/job.js';
import {
  endsTheSite,
  isCoreKind,
  isOrderedKind,
  JOB_KINDS,
  type JobKind,
  kindData,
  type KindName,
  makesTheSite,
} from '../../src/model/job-kinds.js';
import type { JobKindData } from '../../src/model/job-kind-data.js';
import { AgentError, toRecord } from '../../src/kernel/errors.js';
import { Secret } from '../../src/kernel/secret.js';
import type { CustomDomain } from '../../src/model/site.js';
import { keyOf, type Service } from '../../src/model/service.js';
import { needOf } from '../../src/jobs/engine/circuit-waits.js';
import { cancelled } from '../../src/jobs/operator-actions.js';
import { afterAttempt } from '../../src/jobs/engine/policy.js';
import { withJob } from '../../src/services/outcomes.js';
import { openState } from '../../src/state/open.js';
import { aJob, aService, aStep, basicPlan, kindNamed } from '../fakes/samples.js';
import { changed, type Changes, flat, type FlatService } from '../fakes/parts.js';
import { testFolder } from '../test-folder.js';

const NOW = '2026-01-02T03:04:05.000Z';
const EARLIER = '2026-01-01T00:00:00.000Z';
const pro = { ...basicPlan, name: 'pro' };
const own: CustomDomain = {
  domain: 'shop.example.com',
  www: false,
  provenBy: 'routing',
  certificate: { state: 'none', expiresAt: null, problem: null },
  addedAt: EARLIER,
};
const deletion = { requestedAt: EARLIER, purgeAt: NOW };
const admin = (also: Readonly<Record<string, string>>): Service['secrets'] =>
  Object.fromEntries(Object.entries(also).map(([name, text]) => [name, new Secret(text)]));
const password = ({ secrets }: Pick<Service, 'secrets'>): string | undefined =>
  secrets['admin_password']?.reveal();

/** What a service has become. */
const picture = (one: Service) => pictureOf(flat(one));
const pictureOf = (service: FlatService) => ({
  lifecycle: service.lifecycle,
  power: service.power,
  vmid: service.vmid,
  plan: service.plan.name,
  email: service.email,
  userId: service.userId,
  suspendedFor: service.suspendedFor.join(),
  domains: service.domains.map(({ domain }) => domain).join(),
  primary: service.primaryDomain,
  proxy: service.proxyEnabled,
  deletion: service.deletion,
  active: service.activeAt,
  password: password(service),
});
type Picture = Partial<ReturnType<typeof picture>>;

interface Walk {
  readonly from?: Changes;
  readonly job?: Partial<Job>;
  /** What differs afterwards from what was before. */
  readonly done: Picture;
  readonly undone: Picture;
  readonly stuck: Picture;
  readonly abandoned: Picture;
  /** Of which other kinds a stuck job is dealt with by this one. */
  readonly heals: readonly JobKind[] | 'all';
  readonly need: string | undefined;
  readonly timeoutS: number;
  readonly interactive: boolean;
}

const creating = { lifecycle: 'creating' } as const;
const kept = { lifecycle: 'terminated', deletion } as const;
const suspendedNow = { lifecycle: 'suspended', suspendedFor: ['billing'] } as const;
const nothing = { done: {}, undone: {}, stuck: {}, abandoned: {}, heals: [] } as const;
const customers = { ...nothing, timeoutS: 600, interactive: true };
const panels = { ...nothing, timeoutS: 600, interactive: false };
const onHost = { need: 'container-host' } as const;
const anyhow = { need: undefined } as const;
const gone = { lifecycle: 'terminated', vmid: null } as const;
const released = { lifecycle: 'failed', vmid: null } as const;
const way = { ...customers, ...onHost, timeoutS: 3600 };

const WALKS: Readonly<Record<JobKind, Walk>> = {
  create: {
    ...{ ...panels, ...onHost, timeoutS: 2400, from: creating },
    done: { lifecycle: 'active', power: 'running', active: NOW },
    undone: released,
    stuck: { lifecycle: 'failed' },
    abandoned: released,
  },
  restore: {
    ...{ ...panels, ...anyhow, from: { ...creating, deletion } },
    done: { lifecycle: 'active', deletion: null },
    undone: { lifecycle: 'terminated' },
    stuck: { lifecycle: 'failed' },
    abandoned: { lifecycle: 'terminated' },
  },
  delete: {
    ...{ ...panels, ...anyhow, timeoutS: 1800, heals: 'all', job: { args: { hold_s: 60 } } },
    done: {
      lifecycle: 'terminated',
      power: 'stopped',
      deletion: { requestedAt: EARLIER, purgeAt: '2026-01-02T03:05:05.000Z' },
    },
    abandoned: { lifecycle: 'failed' },
  },
  forget: {
    ...{ ...panels, ...anyhow, heals: 'all' },
    done: {
      ...gone,
      deletion: {
        requestedAt: EARLIER,
        purgeAt: NOW,
        leftBehind: ['container 1000 on (no node)', 'HA resource of container 1000, if there is one'],
      },
    },
    abandoned: { lifecycle: 'failed' },
  },
  purge: {
    ...{ ...panels, ...anyhow, timeoutS: 1800, heals: 'all', from: kept },
    done: { vmid: null },
    abandoned: { deletion: { ...deletion, leftBehind: [] } },
  },
  suspend: {
    ...{ ...panels, ...anyhow, job: { args: { reason: 'billing' } } },
    heals: ['unsuspend', 'start', 'stop', 'restart'],
    done: { lifecycle: 'suspended', suspendedFor: 'billing', power: 'stopped' },
  },
  unsuspend: {
    ...{ ...panels, ...onHost, from: suspendedNow, job: { args: { reason: 'billing' } } },
    heals: ['suspend', 'start', 'stop', 'restart'],
    done: { lifecycle: 'active', suspendedFor: '' },
  },
  upgrade: {
    ...{ ...panels, ...onHost, timeoutS: 1200 },
    job: { pinned: { ...aJob().pinned, plan: pro } },
    done: { plan: 'pro' },
  },
  repair: { ...panels, ...anyhow },
  setEmail: {
    ...{ ...panels, ...onHost, from: { email: 'new@example.com', userId: '2' } },
    job: {
      args: { email: 'new@example.com', email_before: 'old@example.com', user_id: '2', user_id_before: '1' },
    },
    undone: { email: 'old@example.com', userId: '1' },
  },
  start: { ...customers, ...onHost, done: { power: 'running' } },
  stop: { ...customers, ...onHost, done: { power: 'stopped' } },
  restart: { ...customers, ...onHost, done: { power: 'running' } },
  makeBackup: { ...customers, ...onHost, timeoutS: 900 },
  removeBackup: { ...customers, ...onHost, timeoutS: 900 },
  rollback: {
    ...way,
    from: {
      snapshots: [{ name: 'BAK01012026-1', kind: 'backup', createdAt: EARLIER }],
      data: { admin_password_at: '2026-01-01T12:00:00.000Z' },
      secrets: admin({ admin_password: 'of a later day' }),
    },
    job: { args: { name: 'BAK01012026-1' } },
    heals: ['reset', 'start', 'stop', 'restart'],
    done: { password: undefined },
  },
  reset: {
    ...way,
    from: {
      snapshots: [{ name: 'initial', kind: 'initial', createdAt: EARLIER }],
      data: { admin_password_at: '2026-01-01T12:00:00.000Z' },
      secrets: admin({ admin_password: 'of a later day' }),
    },
    heals: ['rollback', 'start', 'stop', 'restart'],
    done: { password: undefined },
  },
  addDomain: {
    ...{ ...customers, ...anyhow, from: { domains: [own] } },
    job: { args: { name: own.domain, domain: own.domain, www: false } },
    undone: { domains: '' },
  },
  removeDomain: { ...customers, ...anyhow },
  setPrimary: {
    ...{ ...customers, ...onHost, from: { domains: [own], primaryDomain: own.domain } },
    job: { args: { name: own.domain, before: 'anna.sandbox.test' } },
    undone: { primary: 'anna.sandbox.test' },
  },
  toggle: {
    ...{ ...customers, need: 'proxy', from: { proxyEnabled: false } },
    job: { args: { enabled: false, before: true } },
    undone: { proxy: true },
  },
  certificate: { ...panels, ...anyhow },
  loginLink: { ...customers, ...anyhow },
  resetPassword: {
    ...{ ...customers, ...anyhow },
    from: { secrets: admin({ admin_password: 'old', admin_password_next: 'new' }) },
    done: { password: 'new' },
    undone: { password: undefined },
  },
};

const ENDS = {
  done: { status: 'completed' },
  undone: { status: 'failed' },
  stuck: { status: 'stuck' },
  abandoned: { status: 'failed', abandonedAt: NOW },
  /** A deletion has overtaken it. */
  overtaken: { status: 'cancelled', cancel: { at: NOW, undo: false } },
} as const satisfies Record<string, Partial<Job>>;
const ends = Object.entries(ENDS) as [keyof typeof ENDS, Partial<Job>][];
const kinds = Object.keys(JOB_KINDS) as JobKind[];

/** The service with a job of this kind under way, and that job. */
function underWay(method: KindName, { from, job }: Pick<Walk, 'from' | 'job'> = {}) {
  const running = aJob({
    id: uuidv7(),
    method,
    tags: [method],
    createdAt: EARLIER,
    status: 'running',
    ...job,
  });
  return { running, before: aService({ lifecycle: 'active', ...from, jobs: [running] }) };
}

/** All that only one service may have, with a number of its own. */
const numbered = (service: Service, n: number): Service =>
  changed(service, {
    id: String(n),
    subdomain: `site${n}`,
    fqdn: `site${n}.sandbox.test`,
    vmid: flat(service).vmid === null ? null : 1000 + n,
    addresses: [],
    domains: flat(service).domains.map((one) => ({ ...one, domain: `n${n}.example.com` })),
  });

for (const kind of kinds)
  t.test(`${kind}: what each end means`, async (t) => {
    const walk = WALKS[kind];
    for (const [end, how] of ends) {
      const { running, before } = underWay(kind, walk);
      const after = withJob(before, { ...running, ...how, endedAt: NOW }, NOW);
      const changed = end === 'overtaken' ? {} : walk[end];
      t.same(picture(after), { ...picture(before), ...changed }, end);
      t.match(after, { updatedAt: NOW, jobs: [{ id: running.id, ...how, endedAt: NOW }] }, end);
    }
  });

for (const kind of kinds)
  t.test(`${kind}: whose stuck jobs it deals with`, async (t) => {
    const { running, before } = underWay(kind, WALKS[kind]);
    const stuck = kinds.map((method) => aJob({ id: method, method, status: 'stuck', endedAt: EARLIER }));
    const after = withJob(
      { ...before, jobs: [...stuck, running] },
      { ...running, status: 'completed', endedAt: NOW },
      NOW,
    );
    const { heals } = WALKS[kind];
    const left = kinds.filter((other) => heals !== 'all' && other !== kind && !heals.includes(other));
    t.same(
      after.jobs.filter(({ status }) => status === 'stuck').map(({ method }) => method),
      left,
    );
  });

t.test('what each kind needs first, how long it may take and who waits for it', async (t) => {
  const product = new WordPress();
  for (const kind of kinds) {
    const { need, timeoutS, interactive } = WALKS[kind];
    t.equal(needOf(kindData, aJob({ method: kind })), need, `${kind} needs first`);
    t.equal({ ...DEFAULT_POLICY, ...product.policy(kind) }.timeoutS, timeoutS, `${kind} may take`);
    t.equal(kindData(kind).askedBy === 'customer', interactive, `somebody waits for ${kind}`);
    if (kind !== 'certificate') t.ok(Object.keys(product.flow(kind)).length > 0, `${kind} has a flow`);
  }
});

t.test('which can be taken back once begun, and which are tried for hours', async (t) => {
  const failure = toRecord(new AgentError('dns_failed', 'x', { failure: 'unknown', retryable: true }));
  for (const kind of kinds) {
    const steps = [aStep('first', { begun: 1, status: 'failed', startedAt: EARLIER })];
    const begun = aJob({ method: kind, status: 'running', attempts: 3, exceptions: 2, steps });
    const forward = kind === 'suspend' || kind === 'removeDomain';
    if (forward) t.throws(() => cancelled(kindData, begun, NOW), { code: 'job_irrevocable' }, kind);
    else t.match(cancelled(kindData, begun, NOW), { cancel: { undo: true } }, kind);
    const failed = { kind: 'failed', step: 'first', error: failure } as const;
    const next = afterAttempt(begun, failed, { kinds: kindData, now: Date.parse(NOW), random: 0 });
    if (forward || kind === 'removeBackup') t.match(next, { status: 'waiting', direction: 'forward' }, kind);
    else t.match(next, { status: 'queued', direction: 'undo' }, kind);
  }
});

t.test('which a panel orders unread, which make a site and which end it', async (t) => {
  const those = (holds: (job: Job) => boolean) => kinds.filter((method) => holds(aJob({ method })));
  t.same(
    those(({ method }) => isOrderedKind(method)),
    ['create', 'restore', 'unsuspend', 'upgrade'],
  );
  t.same(those(makesTheSite), ['create', 'restore']);
  t.same(those(endsTheSite), ['delete', 'forget', 'purge']);
  const bare = kinds.filter((kind) => /[^A-Za-z]/.test(kind));
  t.same(bare, [], 'the colon is for modules');
});

/** Compiles only while the compiler refuses a kind that is misspelt or missing. */
export function refusedByTheCompiler(job: Job): unknown[] {
  return [
    // @ts-expect-error misspelt where one is asked for
    aJob({ method: 'creat' }),
    // @ts-expect-error misspelt where one is compared
    job.method === 'rolback',
    // @ts-expect-error not all kinds have an outcome
    { create: {} } satisfies Record<JobKind, object>,
    // @ts-expect-error one too many
    { ...JOB_KINDS, defrag: {} } satisfies Readonly<Record<JobKind, object>>,
    // @ts-expect-error misspelt in an entry of the table
    { ...JOB_KINDS.start, overtakenBy: ['stopp'] } satisfies JobKindData<JobKind>,
  ];
}

t.test(
  'all kinds, and those of other releases and of modules, come back from the record as they were',
  async (t) => {
    const dir = testFolder(t);
    const open = () => openState({ dir, key: Buffer.alloc(32, 7), clock: systemClock });
    const state = await open();
    const foreign = [kindNamed('defrag'), kindNamed('module:plugin/seo:crawl'), kindNamed('constructor')];
    const written: Service[] = [];
    for (const kind of [...kinds, ...foreign])
      for (const [, how] of [...ends, ['running', { status: 'running', endedAt: null }] as const]) {
        const { running, before } = underWay(kind, isCoreKind(kind) ? WALKS[kind] : {});
        const job: Job = { ...running, endedAt: NOW, ...how };
        const service = numbered(withJob(before, job, NOW), written.length);
        written.push(await state.services.commit(keyOf(service), () => service));
      }
    await state.close();
    const again = await open();
    t.teardown(() => again.close());
    t.same(again.services.damaged, []);
    for (const service of written) {
      const read = await again.services.get(keyOf(service));
      t.same(read.jobs, service.jobs, service.jobs[0]?.method ?? '');
      t.same(picture(read), picture(service));
    }
  },
);

t.test('a kind that is not ours changes nothing but its own record', async (t) => {
  for (const name of ['defrag', 'module:plugin/seo:crawl', 'constructor', '__proto__']) {
    for (const [end, how] of ends) {
      const { running, before } = underWay(kindNamed(name));
      const after = withJob(before, { ...running, ...how, endedAt: NOW }, NOW);
      t.same(picture(after), picture(before), `${name} ${end}`);
    }
    t.equal(needOf(kindData, aJob({ method: kindNamed(name) })), undefined);
    t.match(kindData(name), {
      group: 'other',
      course: 'reversible',
      supersedes: 'nothing',
      isOrdered: false,
    });
  }
});
