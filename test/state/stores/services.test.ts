import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import type { JsonObject } from '../../../src/kernel/json.js';
import { Secret } from '../../../src/kernel/secret.js';
import { keyOf, type Lifecycle, type Service, type ServiceKey } from '../../../src/model/service.js';
import { nodeFileSystem } from '../../../src/state/files/file-system.js';
import { migrate } from '../../../src/state/documents/migrations.js';
import { placeOf } from '../../../src/state/documents/service-document.js';
import { MemoryDisk } from '../memory-disk.js';
import { address, openServices, sampleJob, sampleService } from '../samples.js';
import { changed, type Changes, flat } from '../../fakes/parts.js';
import { testFolder } from '../../test-folder.js';

const A: ServiceKey = 'default/1';

function fileOf(dir: string, key: ServiceKey): string {
  const { folder, file } = placeOf(key);
  return join(dir, 'services', folder, file);
}

async function put(dir: string, key: ServiceKey, text: string): Promise<void> {
  const path = fileOf(dir, key);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
}

t.test('secrets are encrypted in the file, bound to their document and come back', async (t) => {
  const dir = testFolder(t);
  const { services } = await openServices(nodeFileSystem, { dir });
  const tricky: JsonObject = {
    $secret: 'v1:not:a:real:one',
    $$secret: 2,
    nested: [Object.fromEntries([['__proto__', { $secret: 1 }]])],
  };
  await services.commit(A, () => sampleService('1', { data: tricky }));
  await services.commit('default/2', () => sampleService('2', { secrets: {} }));
  const text = await readFile(fileOf(dir, A), 'utf8');
  t.notMatch(text, 'admin of 1');
  t.match(text, /"admin": \{\s*"\$secret": "v1:[0-9a-f]{16}:/);
  t.equal((await stat(fileOf(dir, A))).mode & 0o777, 0o600);

  const again = await openServices(nodeFileSystem, { dir });
  const service = await again.services.get(A);
  t.equal(service.secrets['admin']?.reveal(), 'admin of 1');
  t.equal(
    JSON.stringify(service.data),
    JSON.stringify(tricky),
    'a customer may send what looks like a secret',
  );

  const secret = /"\$secret": "(v1:[^"]+)"/.exec(text)?.[1] ?? '';
  const other = fileOf(dir, 'default/2');
  const moved = (await readFile(other, 'utf8')).replace(
    '"secrets": {}',
    `"secrets": {"x": {"$secret": "${secret}"}}`,
  );
  await writeFile(other, moved);
  const third = await openServices(nodeFileSystem, { dir });
  t.match(third.services.damaged, [{ key: 'default/2', problem: /comes from another document/ }]);
  t.ok(await third.services.get(A));
});

t.test('another key stops the start and moves nothing', async (t) => {
  const dir = testFolder(t);
  const { services } = await openServices(nodeFileSystem, { dir });
  await services.commit(A, () => sampleService('1'));
  const other = openServices(nodeFileSystem, { dir, key: Buffer.alloc(32, 8) });
  await t.rejects(other, { code: 'state_unavailable', message: /another key/, detail: /default~1\.json/ });
  t.ok(await (await openServices(nodeFileSystem, { dir })).services.get(A));
});

t.test(
  'damaged documents are set aside, refused for good, and nothing they held is given away',
  async (t) => {
    const dir = testFolder(t);
    const { services } = await openServices(nodeFileSystem, { dir });
    for (const id of ['1', '2', '3', '4.json.x'])
      await services.commit(`default/${id}`, () => sampleService(id));
    const whole = await readFile(fileOf(dir, 'default/2'), 'utf8');
    await writeFile(fileOf(dir, 'default/2'), whole.slice(0, -40));
    await writeFile(fileOf(dir, 'default/3'), '{"schema": 1, "subdomain": "site3"}');
    await put(dir, 'default/9', await readFile(fileOf(dir, A), 'utf8'));
    await writeFile(fileOf(dir, 'default/4.json.x'), '');
    await writeFile(join(fileOf(dir, A), '..', 'notes.txt'), 'mine');
    await writeFile(`${fileOf(dir, A)}.tmp`, 'half');

    const first = await openServices(nodeFileSystem, { dir });
    t.same(first.services.damaged.map(({ key }) => key).sort(), [
      'default/2',
      'default/3',
      'default/4.json.x',
      'default/9',
    ]);
    t.match(first.warnings.join('\n'), /default~2\.json\.2026-01-02T03-04-05\.000Z: it is not complete JSON/);
    t.match(first.warnings.join('\n'), /default~9\.json\.\S+: a secret .* comes from another document/);
    t.match(first.warnings.join('\n'), /notes\.txt/);
    t.equal((await readdir(join(fileOf(dir, A), '..'))).includes('default~1.json.tmp'), false);

    for (const round of ['at once', 'after another start']) {
      const { services, warnings } =
        round === 'at once' ? first : await openServices(nodeFileSystem, { dir });
      await t.rejects(services.get('default/2'), { code: 'state_damaged' }, round);
      const change = services.commit('default/2', () => sampleService('2'));
      await t.rejects(change, { code: 'state_damaged' });
      t.equal(services.holderOf({ vmid: 10_002 }), 'default/2');
      t.equal(services.holderOf({ address: '10.0.0.2' }), 'default/2');
      t.equal(services.holderOf({ subdomain: 'SITE3' }), 'default/3');
      const other = services.commit('default/5', () => sampleService('5', { vmid: 10_002 }));
      await t.rejects(other, { code: 'vmid_taken', detail: /default\/2/ });
      t.ok(await services.get(A), 'the rest works');
      if (round !== 'at once')
        t.same(
          warnings.filter((line) => line.includes('set aside')),
          [],
        );
    }

    await put(dir, 'default/2', whole);
    const restored = await openServices(nodeFileSystem, { dir });
    t.ok(await restored.services.get('default/2'), 'a good document put back by a person works again');
    await restored.services.commit('default/2', (now) => changed(now ?? sampleService('2'), { vmid: null }));
    t.equal(restored.services.holderOf({ vmid: 10_002 }), undefined);
  },
);

t.test('a document of a newer release stops the start and moves nothing', async (t) => {
  const dir = testFolder(t);
  await put(dir, A, JSON.stringify({ schema: 99 }));
  await put(dir, 'default/2', 'broken');
  const opening = openServices(nodeFileSystem, { dir });
  await t.rejects(opening, {
    code: 'state_unavailable',
    message: /newer release/,
    detail: /default~1\.json has schema version 99, and this release understands versions up to 3\./,
  });
  t.same(await readdir(dir), ['services']);
});

t.test('older documents are migrated step by step', async (t) => {
  const version = {
    current: 3,
    from: {
      1: ({ colour, ...rest }: Record<string, unknown>) => ({ ...rest, color: colour }),
      2: (document: Record<string, unknown>) => ({ ...document, size: 1 }),
    },
  };
  t.same(migrate({ schema: 1, colour: 'red' }, version), { schema: 3, color: 'red', size: 1 });
  t.same(migrate({ schema: 3, color: 'red' }, version), { schema: 3, color: 'red' });
  t.throws(() => migrate({ schema: 4 }, version), { name: 'NewerDocumentError' });
  t.throws(() => migrate({ schema: 1 }, { current: 2, from: {} }), /no migration from schema version 1 to 2/);
  for (const wrong of [null, [], {}, { schema: '1' }, { schema: 0.5 }])
    t.throws(() => migrate(wrong, version));
});

t.test('changes of one service are made one after the other, and only recorded ones are seen', async (t) => {
  const fs = new MemoryDisk();
  const { services, warnings } = await openServices(fs);
  const seen: (readonly [number | undefined, number])[] = [];
  services.onChange(() => {
    throw new Error('a bad listener');
  });
  const stop = services.onChange((next, previous) => seen.push([previous?.generation, next.generation]));
  const add = (now: Service | undefined): Service =>
    now ? { ...now, generation: now.generation + 1 } : sampleService('1');
  await Promise.all(Array.from({ length: 20 }, () => services.commit(A, add)));
  t.equal((await services.get(A)).generation, 20);
  t.same(
    seen,
    Array.from({ length: 20 }, (_, n) => [n === 0 ? undefined : n, n + 1]),
  );
  t.match(warnings[0], /a bad listener/);

  const steps = fs.steps;
  const same = await services.commit(A, (now) => now ?? sampleService('1'));
  t.equal(fs.steps, steps, 'the same value is not written');
  t.throws(
    () => Object.assign(same.data, { changed: true }),
    TypeError,
    'nobody changes the memory of the store',
  );
  const failing = services.commit(A, () => {
    throw new Error('no');
  });
  await t.rejects(failing, /no/);
  stop();
  await services.commit(A, add);
  t.equal(seen.length, 20);
});

t.test('what could not be read again is not written', async (t) => {
  const { services } = await openServices(new MemoryDisk());
  const cases: ((service: Service) => Service)[] = [
    (service) => ({ ...service, id: '2' }),
    (service) => ({ ...service, generation: Number.NaN }),
    (service) => changed(service, { vmid: 0.5 }),
  ];
  for (const change of cases)
    await t.rejects(
      services.commit(A, () => change(sampleService('1'))),
      { code: 'internal_error' },
    );
  for (const key of ['default/', 'default/../x', '/1', 'a~b/1'] as const)
    await t.rejects(services.commit(key, () => sampleService('1')));
  t.same([...services.entries()], []);
  await t.rejects(services.get(A), { code: 'service_not_found', status: 404 });
});

t.test('jobs are found by their id, in documents that are no longer in memory too', async (t) => {
  const fs = new MemoryDisk();
  const { services } = await openServices(fs, { recent: 2 });
  const job = sampleJob();
  await services.commit(A, () => sampleService('1', { jobs: [job, sampleJob({ status: 'queued' })] }));
  for (const id of ['4', '3', '2']) await services.commit(`default/${id}`, () => sampleService(id));
  t.match(await services.findJob(job.id), { key: A, job: { id: job.id } });
  t.match(services.entry(A)?.openJobs, [{ status: 'running' }, { status: 'queued' }]);
  t.same(
    [...services.entries()].map(({ id }) => id),
    ['1', '2', '3', '4'],
  );
  await services.commit(A, (now) => ({ ...(now ?? sampleService('1')), jobs: [] }));
  t.equal(await services.findJob(job.id), undefined);
  t.match(services.entry('default/3'), {
    plan: 'basic',
    memoryMb: 2048,
    addresses: ['10.0.0.3'],
    vmid: 10_003,
  });
});

t.test('services whose creation is not over are known without a walk over all', async (t) => {
  const dir = testFolder(t);
  const { services } = await openServices(nodeFileSystem, { dir });
  const states = { 1: 'creating', 2: 'failed', 3: 'active', 4: 'suspended', 5: 'terminated' } as const;
  for (const [id, lifecycle] of Object.entries(states))
    await services.commit(`default/${id}`, () => sampleService(id, { lifecycle }));
  const ids = (from = services): string[] => [...from.unfinished()].map(({ id }) => id).sort();
  t.same(ids(), ['1', '2']);
  const again = await openServices(nodeFileSystem, { dir });
  t.same(ids(again.services), ['1', '2'], 'after a restart too');
  await services.commit(A, (service) => ({ ...(service as Service), lifecycle: 'active' }));
  t.same(ids(), ['2']);
});

t.test('a name, address and number are held as long as the document says so', async (t) => {
  const { services } = await openServices(new MemoryDisk());
  const v6 = [address('2001:db8::1')];
  await services.commit(A, () => sampleService('1', { subdomain: 'Shop', addresses: v6 }));
  const b: ServiceKey = 'default/2';
  const other = (changes: Changes) => services.commit(b, () => sampleService('2', changes));
  await t.rejects(other({ subdomain: 'sHOP' }), { code: 'name_taken', detail: /default\/1/ });
  await t.rejects(other({ addresses: [address('2001:0DB8:0::0001')] }), { code: 'capacity_exhausted' });
  t.equal(services.holderOf({ subdomain: 'site2' }), undefined, 'a refused change holds nothing');
  const become = (changes: Changes) =>
    services.commit(A, (now) => changed(now ?? sampleService('1'), changes));
  await become({ lifecycle: 'terminated' });
  t.equal(services.holderOf({ subdomain: 'shop' }), A, 'a deleted service that is kept keeps its name');
  t.equal(services.holderOf({ vmid: 10_001 }), A);
  await become({ vmid: null, addresses: [] });
  t.equal(services.holderOf({ subdomain: 'shop' }), undefined, 'a tombstone does not');
  await other({ subdomain: 'shop' });
  await t.rejects(become({ lifecycle: 'active' }), { code: 'name_taken' });
  await become({ lifecycle: 'failed', subdomain: 'mine', vmid: 10_001 });
  t.equal(services.holderOf({ subdomain: 'mine' }), A);
  await become({ vmid: null, addresses: [] });
  t.equal(services.holderOf({ subdomain: 'mine' }), undefined, 'a creation that was undone holds nothing');
  t.equal(services.holderOf({ address: '2001:db8::1' }), undefined);
});

t.test(
  'documents that were copied by hand both stay, and neither can lose its claims to a third',
  async (t) => {
    const dir = testFolder(t);
    const { services } = await openServices(nodeFileSystem, { dir });
    await services.commit(A, () => sampleService('1', { secrets: {} }));
    const text = await readFile(fileOf(dir, A), 'utf8');
    await put(dir, 'default/8', text.replace('"id": "1"', '"id": "8"'));
    const again = await openServices(nodeFileSystem, { dir });
    t.match(again.warnings.join('\n'), /vmid 10001 is held by both/);
    await again.services.commit(A, (now) => changed(now ?? sampleService('1'), { vmid: null }));
    t.equal(again.services.holderOf({ vmid: 10_001 }), 'default/8');
  },
);

const change = fc.record({
  id: fc.integer({ min: 1, max: 4 }),
  name: fc.constantFrom('a', 'B', 'b', 'c'),
  vmid: fc.option(fc.integer({ min: 100, max: 103 })),
  hosts: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
  lifecycle: fc.constantFrom<Lifecycle>('creating', 'active', 'suspended', 'terminated', 'failed'),
  diskFull: fc.boolean(),
});

t.test(
  'whatever is asked for, nothing is ever given to two services, and a restart sees the same',
  async (t) => {
    const requested = ({
      id,
      name,
      vmid,
      hosts,
      lifecycle,
    }: typeof change extends fc.Arbitrary<infer C> ? C : never) =>
      sampleService(String(id), {
        subdomain: name,
        vmid,
        lifecycle,
        secrets: { password: new Secret('x') },
        addresses: hosts.map((host) => address(`10.0.0.${host}`)),
      });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 25 }), fc.boolean(), async (changes, together) => {
        const fs = new MemoryDisk();
        const { services } = await openServices(fs, { recent: 2 });
        const one = async (next: (typeof changes)[number]): Promise<void> => {
          // 'write' to one service's temp file only: the others go on
          if (next.diskFull)
            fs.fault = (call, path) =>
              call === 'write' && path.includes(`~${next.id}.`) ? 'ENOSPC' : undefined;
          await services.commit(`default/${next.id}`, () => requested(next)).catch(() => undefined);
          fs.fault = () => undefined;
        };
        if (together) await Promise.all(changes.map(one));
        else for (const next of changes) await one(next);
        await assertUnique(services);
        const again = (await openServices(fs)).services;
        same(holders(again), holders(services));
        same([...again.entries()], [...services.entries()]);
      }),
      { numRuns: 150 },
    );
    t.pass('150 sequences');
  },
);

type Store = Awaited<ReturnType<typeof openServices>>['services'];

function holders(services: Store): unknown {
  return [
    ['a', 'b', 'c'].map((subdomain) => services.holderOf({ subdomain })),
    [100, 101, 102, 103].map((vmid) => services.holderOf({ vmid })),
    [1, 2, 3, 4].map((host) => services.holderOf({ address: `10.0.0.${host}` })),
  ];
}

async function assertUnique(services: Store): Promise<void> {
  const held = new Map<string, ServiceKey>();
  for (const { key } of services.entries()) {
    const service = flat(await services.get(key));
    const gone =
      service.lifecycle === 'terminated' ||
      (service.lifecycle === 'failed' && !service.vmid && !service.addresses.length);
    const claims = [
      ...(gone ? [] : [`name ${service.subdomain.toLowerCase()}`]),
      ...service.addresses.map((each) => each.address),
      ...(service.vmid === null ? [] : [`vmid ${service.vmid}`]),
    ];
    for (const claim of claims) {
      if (held.has(claim))
        throw new Error(`${claim} is held by ${String(held.get(claim))} and ${keyOf(service)}`);
      held.set(claim, keyOf(service));
    }
  }
}

function same(found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted))
    throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
}
