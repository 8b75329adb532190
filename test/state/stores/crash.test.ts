import t from 'tap';
import { AgentError } from '../../../src/kernel/errors.js';
import type { Service, ServiceKey } from '../../../src/model/service.js';
import { Archive } from '../../../src/state/logs/archive.js';
import { Disk } from '../../../src/state/files/disk.js';
import { MemoryDisk } from '../memory-disk.js';
import { openServices, sampleJob, sampleService } from '../samples.js';

const A: ServiceKey = 'default/1';
const B: ServiceKey = 'default/2';
const touch = (service: Service | undefined): Service => {
  if (!service) throw new Error('missing');
  return { ...service, generation: service.generation + 1, data: { filler: 'x'.repeat(200) } };
};

/** Creates and changes two services; returns how often each was acknowledged, also when the power goes. */
async function work(disk: MemoryDisk): Promise<Record<ServiceKey, number>> {
  const acknowledged: Record<ServiceKey, number> = { [A]: 0, [B]: 0 };
  try {
    const { services } = await openServices(disk);
    const change = async (
      key: ServiceKey,
      next: (service: Service | undefined) => Service,
    ): Promise<void> => {
      const done = await services.commit(key, next);
      acknowledged[key] = done.generation;
    };
    await change(A, () => sampleService('1'));
    await change(A, touch);
    // side by side, as requests come in
    await Promise.allSettled([change(A, touch), change(B, () => sampleService('2'))]);
    await change(B, touch);
  } catch {
    // the power is gone
  }
  return acknowledged;
}

t.test('after a power cut at any point every document is the old or the new one', async (t) => {
  const whole = new MemoryDisk();
  t.same(await work(whole), { [A]: 3, [B]: 2 });
  let disks = 0;
  for (let cut = 0; cut <= whole.steps; cut += 1) {
    const disk = new MemoryDisk();
    disk.cutAt = cut;
    const acknowledged = await work(disk);
    for (const found of disk.afterPowerCut()) {
      disks += 1;
      const { services, warnings } = await openServices(found);
      if (services.damaged.length + warnings.length > 0) t.fail(`cut ${cut}: ${warnings.join()}`);
      for (const key of [A, B]) {
        const generation = (await services.find(key))?.generation ?? 0;
        const least = acknowledged[key] ?? 0;
        if (generation < least || generation > least + 1)
          t.fail(`cut ${cut}: ${key} is ${generation}, not ${least}`);
      }
    }
  }
  t.ok(disks > whole.steps, `${disks} disks at ${whole.steps} points`);
});

t.test('a store opened after a power cut goes on working and survives the next one', async (t) => {
  for (let cut = 0; cut <= 20; cut += 1) {
    const disk = new MemoryDisk();
    disk.cutAt = cut;
    await work(disk);
    for (const found of disk.afterPowerCut()) {
      const { services } = await openServices(found);
      const next = await services.commit(A, (now) => (now ? touch(now) : sampleService('1')));
      for (const again of found.afterPowerCut()) {
        const kept = await (await openServices(again)).services.find(A);
        if (kept?.generation !== next.generation) t.fail(`cut ${cut}: the acknowledged change is gone`);
      }
    }
  }
  t.pass('every acknowledged change was there');
});

t.test('an acknowledged line of the archive survives, a torn one hides no other', async (t) => {
  const key = A;
  const jobs = [sampleJob(), sampleJob(), sampleJob()];
  for (let cut = 0; cut < 30; cut += 1) {
    const disk = new MemoryDisk();
    disk.cutAt = cut;
    let acknowledged = 0;
    try {
      const archive = new Archive(new Disk(disk), '/state');
      for (const job of jobs) {
        await archive.append({ key, job });
        acknowledged += 1;
      }
    } catch {
      // the power is gone
    }
    for (const found of disk.afterPowerCut()) {
      const archive = new Archive(new Disk(found), '/state');
      const late = sampleJob();
      await archive.append({ key, job: late });
      for (const job of [...jobs.slice(0, acknowledged), late])
        if ((await archive.find(job.id))?.job.id !== job.id) t.fail(`cut ${cut}: a job is missing`);
    }
  }
  t.pass('every acknowledged job was found');
});

t.test('a disk that is full or fails before the rename changes nothing', async (t) => {
  for (const [syscall, code] of [
    ['open', 'EACCES'],
    ['write', 'ENOSPC'],
    ['write', 'EIO'],
    ['fsync', 'ENOSPC'],
    ['rename', 'ENOSPC'],
  ] as const) {
    const fs = new MemoryDisk();
    const { services, disk } = await openServices(fs);
    await services.commit(A, () => sampleService('1'));
    fs.fault = (call, path) => (call === syscall && path.includes('.json') ? code : undefined);
    const change = services.commit(A, (now) => ({ ...touch(now), subdomain: 'other', vmid: 77 }));
    await t.rejects(change, { code: 'state_unavailable', status: 503 }, `${syscall} ${code}`);
    t.equal((await services.get(A)).generation, 1);
    t.equal(services.holderOf({ vmid: 77 }), undefined, 'its claims are free again');
    t.equal(services.holderOf({ subdomain: 'site1' }), A, 'and the old ones are still held');
    t.equal(disk.broken, undefined);
    fs.fault = () => undefined;
    t.equal((await services.commit(A, touch)).generation, 2, 'it goes on when there is room again');
    t.same((await fs.list(`/state/services/${(await fs.list('/state/services'))[0] ?? ''}`)).length, 1);
  }
});

t.test('after a failed fsync or rename nothing is written any more', async (t) => {
  for (const [syscall, part] of [
    ['fsync', '.json.tmp'],
    ['fsync', 'services/'],
    ['rename', '.json'],
  ] as const) {
    const fs = new MemoryDisk();
    const { services, disk } = await openServices(fs);
    await services.commit(A, () => sampleService('1'));
    fs.fault = (call, path) => (call === syscall && path.includes(part) ? 'EIO' : undefined);
    await t.rejects(services.commit(A, touch), { code: 'state_unavailable' });
    t.ok(disk.broken, `${syscall} of ${part}`);
    fs.fault = () => undefined;
    const steps = fs.steps;
    await t.rejects(
      services.commit(B, () => sampleService('2')),
      AgentError,
    );
    t.equal(fs.steps, steps, 'the disk was not touched');
    t.equal((await services.get(A)).generation, 1, 'reads still answer');
  }
});
