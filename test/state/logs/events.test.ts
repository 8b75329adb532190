import { appendFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Service } from '../../../src/model/service.js';
import { happenings } from '../../../src/model/event.js';
import type { State } from '../../../src/state/contract.js';
import { openState } from '../../../src/state/open.js';
import { aJob, aService } from '../../fakes/samples.js';
import { toldClock } from '../../fakes/told-clock.js';
import { changed, type Changes } from '../../fakes/parts.js';
import { testFolder } from '../../test-folder.js';

const NOON = Date.parse('2026-03-01T12:00:00Z');

function folder(t: Test) {
  const dir = testFolder(t);
  const key = randomBytes(32);
  let now = NOON;
  const clock = toldClock(() => now);
  let state: State | undefined;
  t.teardown(() => state?.close());
  return {
    dir,
    file: (day: string) => join(dir, 'state', 'events', `${day}.ndjson`),
    turn: (ms: number) => (now += ms),
    async open(): Promise<State> {
      await state?.close();
      state = await openState({ dir: join(dir, 'state'), key, clock });
      return state;
    },
  };
}

let numbers = 0;
function order(state: State, id: string, panel = 'default'): Promise<Service> {
  numbers += 1;
  const name = `s${numbers}`;
  return state.services.commit(`${panel}/${id}`, () =>
    aService({
      id,
      panel,
      subdomain: name,
      vmid: 1000 + numbers,
      addresses: [{ pool: 'v4', address: `10.1.0.${numbers}`, prefix: 16, gateway: '10.1.255.254' }],
    }),
  );
}

function change(state: State, id: string, also: Changes): Promise<Service> {
  return state.services.commit(`default/${id}`, (current) => {
    if (!current) throw new Error('no such service');
    return changed(current, also);
  });
}

async function all(state: State, after?: string, limit = 100, panel = 'default') {
  const page = await state.events.read({ panel, after, limit });
  return { ...page, types: page.events.map(({ type, service_id: id }) => `${id} ${type}`) };
}

/** The log is written behind the documents: what has not come in ten looks does not come. */
async function written(state: State): Promise<void> {
  let size = -1;
  for (let same = 0; same < 10;) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const now = (await all(state)).events.length;
    same = now === size ? same + 1 : 0;
    size = now;
  }
}

t.test('everything that happens is told once, in order, to its own panel', async (t) => {
  const at = folder(t);
  const state = await at.open();
  await order(state, '1');
  await order(state, '1', 'staging');
  await change(state, '1', { lifecycle: 'active' });
  await change(state, '1', { lifecycle: 'suspended', suspendedFor: ['abuse'] });
  await change(state, '1', { lifecycle: 'suspended', suspendedFor: ['abuse'], updatedAt: 'x' });
  await written(state);
  const page = await all(state);
  t.same(page.types, ['1 service.ordered', '1 service.active', '1 service.suspended']);
  t.match(page.events[2], {
    data: { suspended_for: ['abuse'] },
    generation: 1,
    at: '2026-03-01T12:00:00.000Z',
  });
  t.same((await all(state, undefined, 100, 'staging')).types, ['1 service.ordered']);
  t.same((await all(state, undefined, 100, 'nobody')).events, []);
});

t.test('a cursor goes on where it stood, over pages, days, restarts and silence', async (t) => {
  const at = folder(t);
  let state = await at.open();
  const start = await state.events.latest('default');
  for (let n = 1; n <= 5; n += 1) await order(state, String(n));
  await written(state);
  const first = await all(state, start, 2);
  t.same([first.types.length, first.more], [2, true]);
  const second = await all(state, first.next, 2);
  const third = await all(state, second.next, 2);
  t.same(
    [...first.types, ...second.types, ...third.types],
    [1, 2, 3, 4, 5].map((n) => `${n} service.ordered`),
  );
  t.equal(third.more, false);
  t.same((await all(state, third.next)).events, []);
  at.turn(86_400_000);
  state = await at.open();
  await order(state, '6');
  await written(state);
  const next = await all(state, third.next);
  t.same(next.types, ['6 service.ordered']);
  t.equal(next.next, await state.events.latest('default'));
  at.turn(31 * 86_400_000);
  await order(state, '7');
  await written(state);
  t.same((await all(state)).types, ['7 service.ordered'], 'what is too old is gone');
  t.match(await all(state, third.next), { next: undefined, gone: true }, 'and its cursors say so');
  t.same((await readdir(join(at.dir, 'state', 'events'))).length, 1);
  t.equal((await all(state, 'nonsense')).next, undefined);
});

t.test('what a crash kept from the log is added at the next start, and nothing else', async (t) => {
  const at = folder(t);
  let state = await at.open();
  await order(state, '1');
  await order(state, '2');
  await written(state);
  const whole = (await stat(at.file('2026-03-01'))).size;
  const cursor = (await all(state)).next;
  await change(state, '1', { lifecycle: 'active' });
  await change(state, '2', { lifecycle: 'active' });
  await written(state);
  await state.close();
  const { open } = await import('node:fs/promises');
  const file = await open(at.file('2026-03-01'), 'r+');
  await file.truncate(whole + 30);
  await file.close();
  state = await at.open();
  const back = await all(state, cursor);
  t.same([...back.types].sort(), ['1 service.active', '2 service.active'], 'behind the torn line');
  state = await at.open();
  t.equal((await all(state)).events.length, 4, 'only once');
  await state.close();
  await rm(at.file('2026-03-01'));
  state = await at.open();
  t.equal((await all(state)).events.length, 4, 'a lost log is made anew from what the documents still know');
});

t.test('lines that are none do no harm', async (t) => {
  const at = folder(t);
  let state = await at.open();
  await order(state, '1');
  await written(state);
  await state.close();
  await appendFile(at.file('2026-03-01'), '\0\0\0\n{"id":1}\n[]\n{"half');
  await writeFile(join(at.dir, 'state', 'events', 'notes.txt'), 'x');
  state = await at.open();
  await order(state, '2');
  await written(state);
  t.same((await all(state)).types, ['1 service.ordered', '2 service.ordered']);
});

t.test('two states of a service tell what happened between them', (t) => {
  const service = aService({ lifecycle: 'active' });
  const types = (before: Changes, after: Changes): string[] =>
    happenings(changed(service, before), changed(service, after)).map(({ type }) => type);
  const domain = {
    domain: 'example.com',
    www: false,
    provenBy: 'txt',
    certificate: { state: 'pending', expiresAt: null, problem: null },
    addedAt: 'x',
  } as const;
  const issued = { ...domain, certificate: { state: 'issued', expiresAt: 'y', problem: null } } as const;
  const backup = { name: 'BAK01032026-1', kind: 'backup', createdAt: 'x' } as const;
  const safety = { ...backup, name: 's', kind: 'safety' } as const;
  const deletion = { requestedAt: 'x', purgeAt: 'y' };
  t.same(types({}, { updatedAt: 'z' }), []);
  t.same(types({ lifecycle: 'creating' }, { lifecycle: 'failed' }), ['service.failed']);
  t.same(types({ lifecycle: 'suspended', suspendedFor: ['billing'] }, {}), ['service.unsuspended']);
  t.same(types({}, { lifecycle: 'terminated', deletion }), ['service.terminated']);
  t.same(types({}, { lifecycle: 'terminated', deletion, vmid: null }), [
    'service.terminated',
    'service.purged',
  ]);
  t.same(types({ lifecycle: 'terminated', deletion }, { lifecycle: 'terminated', vmid: null }), [
    'service.purged',
  ]);
  t.same(types({ lifecycle: 'terminated', deletion }, {}), ['service.restored']);
  t.same(types({ lifecycle: 'terminated' }, { lifecycle: 'creating', generation: 2 }), ['service.ordered']);
  t.same(types({}, { plan: { ...service.plan, name: 'premium' } }), ['service.plan_changed']);
  t.same(types({}, { email: 'b@example.com' }), ['service.owner_changed']);
  t.same(types({}, { primaryDomain: 'example.com' }), ['domain.primary_changed']);
  t.same(types({}, { proxyEnabled: false }), ['proxy.toggled']);
  t.same(types({}, { domains: [domain] }), ['domain.added']);
  t.same(types({ domains: [domain] }, { domains: [issued] }), ['domain.certificate_changed']);
  const both = { ...issued, www: true };
  const left = { ...both, certificate: { ...both.certificate, names: ['example.com'], problem: 'No www.' } };
  t.same(types({ domains: [both] }, { domains: [left] }), ['domain.certificate_changed']);
  t.same(types({ domains: [left] }, { domains: [left] }), []);
  t.same(types({ domains: [domain] }, { domains: [] }), ['domain.removed']);
  t.same(types({ snapshots: [safety] }, { snapshots: [backup] }), ['backup.made']);
  t.same(types({ snapshots: [backup] }, { snapshots: [] }), ['backup.removed']);
  const job = aJob();
  const failed = aJob({
    status: 'failed',
    error: { code: 'dns_failed', message: 'No.', detail: 'secret', retryable: false },
  });
  t.same(types({}, { jobs: [job] }), ['job.queued']);
  t.same(types({ jobs: [job] }, { jobs: [aJob({ status: 'running' })] }), []);
  t.same(types({ jobs: [job] }, { jobs: [] }), []);
  const broken: Partial<Service> = {
    lifecycle: 'failed',
    jobs: [{ ...failed, error: { code: 'dns_failed', message: 'No.', retryable: false, step: 'dns' } }],
  };
  t.match(
    happenings({ ...service, lifecycle: 'creating', jobs: [job] }, { ...service, ...broken }),
    [
      {
        type: 'service.failed',
        data: { job_id: job.id, error: { code: 'dns_failed', message: 'No.', step: 'dns' } },
      },
    ],
    'why, in words that a customer may read',
  );
  t.same(happenings({ ...service, jobs: [job] }, { ...service, jobs: [failed] }), [
    {
      type: 'job.failed',
      data: { job_id: job.id, method: 'create', error: { code: 'dns_failed', message: 'No.', step: null } },
    },
  ]);
  t.end();
});
