import t from 'tap';
import { isForgotten, nextToNotify, sameAlert, type Told } from '../../src/model/alert.js';

const CLEARED = '2026-01-01T00:00:00.000Z';
const SPEC = {
  schema: 1,
  id: '01890000-0000-7000-8000-000000000000',
  kind: 'job_stuck',
  subject: 'default/1',
  panel: 'default',
  serviceId: '1',
  text: 'A job is stuck.',
  data: {},
  raisedAt: CLEARED,
} as const;

t.test('a hook hears that an alert was raised, then that it has ended, each once', async (t) => {
  const next = (told: Readonly<Record<string, Told>>, clearedAt: string | null) =>
    nextToNotify({ ...SPEC, told, clearedAt }, 'mail');
  t.equal(next({}, null), 'raised');
  t.equal(next({}, CLEARED), 'raised', 'an end is never heard without its beginning');
  t.equal(next({ mail: 'raised' }, null), undefined, 'it still holds');
  t.equal(next({ mail: 'raised' }, CLEARED), 'cleared');
  t.equal(next({ mail: 'cleared' }, CLEARED), undefined);
  t.equal(next({ other: 'cleared' }, null), 'raised', 'what another hook has heard does not count');
});

t.test('an alert is the same when kind and subject are', async (t) => {
  t.ok(sameAlert(SPEC, { ...SPEC }));
  t.notOk(sameAlert(SPEC, { ...SPEC, kind: 'drift' }));
  t.notOk(sameAlert(SPEC, { ...SPEC, subject: 'default/2' }));
});

t.test(
  'an ended alert is kept for a week, and for a month while a hook has not heard of its end',
  async (t) => {
    const DAY_MS = 86_400_000;
    const forgotten = (
      ms: number,
      told: Readonly<Record<string, Told>>,
      clearedAt: string | null = CLEARED,
    ) => isForgotten({ ...SPEC, told, clearedAt }, ['mail', 'chat'], Date.parse(CLEARED) + ms);
    const all = { mail: 'cleared', chat: 'cleared' } as const;
    for (const [what, after, told] of [
      ['every hook knows', 7 * DAY_MS, all],
      ['one hook was never reached', 30 * DAY_MS, { mail: 'cleared' }],
      ['one hook has heard of its beginning only', 30 * DAY_MS, { ...all, chat: 'raised' }],
    ] as const) {
      t.notOk(forgotten(after - 1, told), `${what}: kept`);
      t.ok(forgotten(after, told), `${what}: forgotten`);
    }
    t.notOk(forgotten(90 * DAY_MS, all, null), 'one that holds is never forgotten');
  },
);
