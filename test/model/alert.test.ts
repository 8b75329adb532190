import t from 'tap';
import { nextToNotify, type Told } from '../../src/model/alert.js';

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
