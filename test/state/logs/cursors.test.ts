/** A cursor goes on where it stood, or says that it cannot: it never loses events in silence. */
import { randomBytes } from 'node:crypto';
import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import t, { type Test } from 'tap';
import { Secret } from '../../../src/kernel/secret.js';
import type { State } from '../../../src/state/contract.js';
import { openState } from '../../../src/state/open.js';
import { importState } from '../../../src/state/transfer/import.js';
import { handClock } from '../../fakes/clock.js';
import { aService } from '../../fakes/samples.js';
import { testFolder } from '../../test-folder.js';

const NOON = Date.parse('2026-03-01T12:00:00Z');
const DAY = 86_400_000;

function house(t: Test) {
  const dir = testFolder(t);
  const key = randomBytes(32);
  const clock = handClock(NOON);
  let state: State | undefined;
  t.teardown(() => state?.close());
  let count = 0;
  const now = (): State => {
    if (!state) throw new Error('not open');
    return state;
  };
  return {
    dir,
    key,
    clock,
    folder: join(dir, 'state'),
    async open(name = 'state'): Promise<State> {
      await state?.close();
      state = await openState({ dir: join(dir, name), key, clock });
      return state;
    },
    close: async () => {
      await state?.close();
      state = undefined;
    },
    /** One event, in the log when it resolves. */
    async order(id: string, panel = 'default'): Promise<void> {
      count += 1;
      await now().services.commit(`${panel}/${id}`, () =>
        aService({ id, panel, subdomain: `s${count}`, vmid: 1000 + count, addresses: [] }),
      );
      // the log is written behind the document
      for (;;) {
        const { events } = await now().events.read({ panel, after: undefined, limit: 100 });
        if (events.some((event) => event.service_id === id)) return;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async read(after: string | undefined, panel = 'default') {
      const page = await now().events.read({ panel, after, limit: 100 });
      return { ...page, ids: page.events.map(({ service_id: id }) => id) };
    },
  };
}

const GONE = { events: [], next: undefined, gone: true };

t.test('events of days whose files were removed are not passed over in silence', async (t) => {
  const at = house(t);
  await at.open();
  await at.order('1');
  const { next } = await at.read(undefined);
  at.clock.jump(DAY);
  await at.order('2');
  t.same((await at.read(next)).ids, ['2'], 'over days');
  at.clock.jump(35 * DAY);
  await at.order('3');
  t.same(await readdir(join(at.folder, 'events')), ['2026-04-06.ndjson']);
  t.match(await at.read(next), GONE, 'what came behind it is gone');
  t.same((await at.read(undefined)).ids, ['3']);
});

t.test('a restored older state does not take the cursors of the one that was lost', async (t) => {
  const at = house(t);
  await at.open();
  await at.order('1');
  const early = (await at.read(undefined)).next;
  await at.close();
  await cp(at.folder, join(at.dir, 'copy'), { recursive: true });
  await at.open();
  await at.order('2');
  const late = (await at.read(undefined)).next;
  await at.close();
  await rm(at.folder, { recursive: true });
  await cp(join(at.dir, 'copy'), at.folder, { recursive: true });
  await at.open();
  t.match(await at.read(late), GONE, 'past the end');
  await at.order('3');
  await at.order('4');
  t.match(await at.read(late), GONE, 'also when the log has grown past it again');
  t.same((await at.read(early)).ids, ['3', '4'], 'what was before the copy still stands');
});

t.test('an imported state is another life: its cursors are its own', async (t) => {
  const at = house(t);
  const state = await at.open();
  await at.order('1');
  const { next } = await at.read(undefined);
  const file = join(at.dir, 'state.tar.gz');
  await pipeline(
    await state.exportCopy({ agent: 'a1', withKey: false }),
    createGzip(),
    createWriteStream(file),
  );
  await at.close();
  const secret = new Secret(at.key.toString('base64'));
  const config = { agent: { id: 'a1', state_dir: join(at.dir, 'other') }, state_key: secret };
  const { verified } = await importState({ file, config });
  t.same(verified.findings, []);
  await at.open('other');
  t.match(await at.read(next), GONE);
  const page = await at.read(undefined);
  t.same(page.ids, ['1'], 'the events themselves are there');
  await at.order('2');
  t.same((await at.read(page.next)).ids, ['2']);
});

t.test('a clock that jumps ahead and back loses nothing', async (t) => {
  const at = house(t);
  await at.open();
  const empty = await (await at.open()).events.latest('default');
  at.clock.jump(400 * DAY);
  const ahead = await (await at.open()).events.latest('default');
  at.clock.jump(-400 * DAY);
  await at.open();
  await at.order('1');
  t.same((await at.read(empty)).ids, ['1']);
  t.same((await at.read(ahead)).ids, ['1'], 'a cursor of the empty log from a day that has not come');
  at.clock.jump(8 * DAY);
  await at.order('2');
  const { next } = await at.read(undefined);
  at.clock.jump(-8 * DAY);
  await at.open();
  await at.order('3');
  t.same((await at.read(next)).ids, ['3']);
});

t.test('a cursor is one panel’s and one log’s, and survives a new key of the state', async (t) => {
  const at = house(t);
  const state = await at.open();
  await at.order('1');
  const { next } = await at.read(undefined);
  t.match(await at.read(next, 'staging'), GONE);
  t.match(
    await state.audit.read({
      after: next,
      since: undefined,
      limit: 1,
      panel: 'default',
      serviceId: undefined,
    }),
    {
      next: undefined,
      gone: true,
    },
  );
  for (const text of ['nonsense', '', 'A'.repeat(63), `${String(next)}A`, String(next).slice(1)])
    t.match(await at.read(text), { next: undefined, gone: false }, `${text} is none`);
  const changed = `${String(next).slice(0, 40)}${String(next)[40] === 'A' ? 'B' : 'A'}${String(next).slice(41)}`;
  t.match(await at.read(changed), GONE);
  t.match(await at.read(Buffer.from('2026-03-01.9').toString('base64url')), GONE, 'of an older release');
  const other = randomBytes(32);
  await at.close();
  const again = await openState({ dir: at.folder, key: other, formerKeys: [at.key], clock: at.clock });
  t.teardown(() => again.close());
  for (let looks = 0; looks < 100 && again.keys.status().formerIds.length > 0; looks += 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
  t.same(again.keys.status().formerIds, []);
  t.match(await again.events.read({ panel: 'default', after: next, limit: 9 }), { events: [], next });
});

t.test('a cursor does not show how much other panels do', async (t) => {
  const at = house(t);
  await at.open();
  await at.order('1');
  const before = (await at.read(undefined)).next;
  await at.order('2', 'staging');
  await at.order('3', 'staging');
  const after = await at.read(before);
  t.same([after.ids, after.next], [[], before], 'it stays the same beside a few lines of others');
  t.notMatch(Buffer.from(String(before), 'base64url').toString('latin1'), /2026|\d{3}/);
  await at.order('4');
  t.same((await at.read(after.next)).ids, ['4']);
});

t.test('a file that holds no line yet moves nobody back', async (t) => {
  const at = house(t);
  await at.open();
  await at.order('1');
  await at.close();
  await writeFile(join(at.folder, 'events', '2026-03-02.ndjson'), '');
  const state = await at.open();
  const { next } = await at.read(undefined);
  t.same((await at.read(next)).ids, []);
  t.same((await at.read(await state.events.latest('default'))).ids, []);
});
