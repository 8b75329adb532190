import t from 'tap';
import { MemoryDisk } from '../memory-disk.js';
import { sampleService } from '../samples.js';
import { cutEverywhere } from '../power-cut.js';
import { differences, nothing, openWhole, problems, work } from '../whole-state.js';
import { siteOf, withSite } from '../../../src/model/service.js';

/** How many calls lie between two that fail. */
const CODES = [
  ['ENOSPC', 2],
  ['EIO', 2],
  ['EROFS', 5],
] as const;

t.test(
  'an error at any call of any store loses nothing, and memory never differs from the disk unless it says so',
  async (t) => {
    let refused = 0;
    let broken = 0;
    let tried = 0;
    for (const [code, stride] of CODES)
      for (let at = 0, more = true; more; at += stride) {
        const fs = new MemoryDisk();
        let calls = 0;
        let struck = '';
        const told = nothing();
        const whole = await openWhole(fs);
        fs.fault = (syscall, path) => {
          calls += 1;
          if (calls !== at + 1) return undefined;
          struck = `${code} at call ${at}: ${syscall} ${path}`;
          return code;
        };
        await work(whole, told, 5);
        more = struck !== '';
        if (!more) break;
        tried += 1;
        fs.fault = () => undefined;
        whole.events.goOn();
        await whole.idle();
        refused += told.refused;
        broken += whole.disk.broken === undefined ? 0 : 1;
        if (whole.disk.broken === undefined) {
          for (const wrong of await differences(whole, fs)) t.fail(`${struck}: ${wrong}`);
          if (told.refused > 2) t.fail(`${struck}: it went on refusing`);
        }
        const again = await openWhole(fs);
        for (const wrong of await problems(again, told)) t.fail(`${struck}: ${wrong}`);
        await work(again, told, 6, 3);
        for (const wrong of await problems(await openWhole(fs), told))
          t.fail(`${struck}, afterwards: ${wrong}`);
      }
    t.ok(refused > 0 && broken > 0, `${tried} faults, ${refused} refusals, ${broken} times in doubt`);
  },
);

t.test('no descriptor left: a change is refused, or waits for one, and the disk is not blamed', async (t) => {
  for (const code of ['EMFILE', 'ENFILE']) {
    const fs = new MemoryDisk();
    const whole = await openWhole(fs);
    await whole.services.commit('default/1', () => sampleService('1'));
    await whole.idle();
    const change = () =>
      whole.services.commit('default/1', (now) =>
        sampleService('1', { proxyEnabled: now?.site?.proxyEnabled !== true }),
      );
    fs.fault = () => code;
    await t.rejects(change(), { code: 'state_unavailable', status: 503 });
    t.equal(whole.disk.broken, undefined);
    let refused = 0;
    // the folder alone, after the rename
    fs.fault = (_, path) =>
      path.endsWith('.json') || path.endsWith('.tmp') || (refused += 1) > 3 ? undefined : code;
    await change();
    t.ok(refused > 3, 'it waited');
    t.equal(whole.disk.broken, undefined);
    fs.fault = () => undefined;
    await whole.idle();
    for (const wrong of await differences(whole, fs)) t.fail(wrong);
  }
});

t.test(
  'a full disk is noticed, refuses with a time to come back, and is looked at until there is room',
  async (t) => {
    for (const code of ['ENOSPC', 'EROFS']) {
      const fs = new MemoryDisk();
      const whole = await openWhole(fs);
      await whole.services.commit('default/1', () => sampleService('1'));
      await whole.idle();
      const full = (syscall: string): string | undefined => (syscall === 'fsync' ? undefined : code);
      fs.fault = full;
      const change = whole.services.commit('default/1', (now) => {
        if (!now) throw new Error('missing');
        return withSite(now, { proxyEnabled: !siteOf(now).proxyEnabled });
      });
      await t.rejects(change, { code: 'state_unavailable', status: 503, retryAfterS: 30 });
      t.match(whole.disk.failing, new RegExp(code));
      t.equal(whole.disk.broken, undefined, 'nothing was changed, so nothing is in doubt');
      await whole.disk.probe('/state');
      t.ok(whole.disk.failing, 'still full');
      fs.fault = () => undefined;
      await whole.disk.probe('/state');
      t.equal(whole.disk.failing, undefined);
      t.notOk(
        (await fs.list('/state')).some((name) => name.includes('probe')),
        'nothing is left of the look',
      );
    }
  },
);

t.test(
  'whenever the power goes, everything acknowledged is found again (a sample; the whole in the bench)',
  async (t) => {
    const { points, disks, again, wrong } = await cutEverywhere(3, 12);
    t.same(wrong, []);
    t.ok(points > 20 && disks > points && again > 0, `${points} points, ${disks} disks, ${again} cut again`);
  },
);

t.test('a change that fails because the folder was taken away names that as the reason', async (t) => {
  for (const call of ['rename', 'fsync'] as const) {
    const fs = new MemoryDisk();
    const whole = await openWhole(fs);
    let lost: string | undefined;
    whole.disk.guard = () => lost;
    fs.fault = (syscall) => {
      if (syscall !== call) return undefined;
      lost = 'the file lock was removed or replaced';
      return 'ENOENT';
    };
    await t.rejects(whole.services.commit('default/1', () => sampleService('1')));
    t.equal(whole.disk.broken, 'the file lock was removed or replaced', call);
  }
});
