import t from 'tap';
import { dayOf, nextBackup } from '../../src/model/backup-name.js';
import type { Plan } from '../../src/model/plan.js';
import type { Snapshot } from '../../src/model/guest.js';
import { planProblem } from '../../src/model/upgrade.js';
import { aService, basicPlan } from '../fakes/samples.js';

t.test('a backup carries the day of the agent’s time zone', async (t) => {
  const late = Date.parse('2025-12-11T23:30:00Z');
  t.equal(dayOf(late, 'UTC'), '11122025');
  t.equal(dayOf(late, 'Europe/Vienna'), '12122025');
  t.equal(dayOf(late, 'America/Los_Angeles'), '11122025');
});

t.test('its number counts the day’s backups and is never used twice', async (t) => {
  const none = new Set<string>();
  t.same(nextBackup('11122025', null, none), {
    name: 'BAK11122025-1',
    last: { day: '11122025', number: 1 },
  });
  t.match(nextBackup('11122025', { day: '11122025', number: 4 }, none), { name: 'BAK11122025-5' });
  t.match(nextBackup('12122025', { day: '11122025', number: 4 }, none), { name: 'BAK12122025-1' });
  t.match(
    nextBackup('11122025', { day: '12122025', number: 1 }, new Set(['BAK11122025-1', 'BAK11122025-2'])),
    { name: 'BAK11122025-3' },
    'nor one that exists although no record knows it',
  );
  const yesterday = { day: '11122025', number: 4 };
  const { last: midnight } = nextBackup('12122025', yesterday, none);
  t.same(midnight, { day: '12122025', number: 1, before: yesterday });
  const { name, last: back } = nextBackup('11122025', midnight, none);
  t.equal(name, 'BAK11122025-5', 'nor after the clock was set back over midnight, or another time zone came');
  t.equal(nextBackup('12122025', back, none).name, 'BAK12122025-2', 'and forth again');
});

t.test('a day of summer time’s begin and end is one day', async (t) => {
  const days = (...instants: string[]) => instants.map((at) => dayOf(Date.parse(at), 'Europe/Vienna'));
  t.same(days('2026-03-28T22:59:59Z', '2026-03-28T23:00:00Z'), ['28032026', '29032026']);
  t.same(days('2026-03-29T21:59:59Z', '2026-03-29T22:00:00Z'), ['29032026', '30032026'], '23 hours');
  t.same(days('2026-10-24T22:00:00Z', '2026-10-25T22:59:59Z'), ['25102026', '25102026'], '25 hours');
  t.same(days('2026-10-25T23:00:00Z'), ['26102026']);
});

t.test('a plan fits or says by how much it does not', async (t) => {
  const backup = (name: string): Snapshot => ({ name, kind: 'backup', createdAt: '' });
  const service = aService({
    snapshots: [{ name: 'initial', kind: 'initial', createdAt: '' }, backup('a'), backup('b')],
  });
  const plan = (also: Partial<Plan>): Plan => ({ ...basicPlan, name: 'other', ...also });
  t.equal(planProblem(service, plan({ memoryMb: 512, cores: 1 })), undefined, 'memory may shrink');
  t.match(planProblem(service, plan({ diskGb: 10 })), {
    code: 'plan_too_small',
    message:
      "The plan other is too small: its disk has 10 GB, but the site's disk has 20 GB and cannot be made smaller.",
  });
  t.match(planProblem(service, plan({ diskGb: 10, backups: 1 })), {
    message: /10 GB.*; it allows 1 backups, but 2 are kept\.$/,
  });
});
