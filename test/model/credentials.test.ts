import t from 'tap';
import { Secret } from '../../src/kernel/secret.js';
import {
  afterReturn,
  erasedAt,
  passwordInDoubt,
  passwordNotSet,
  passwordSet,
  readableUntil,
  withoutPassword,
} from '../../src/model/credentials.js';
import type { Changes } from '../fakes/parts.js';
import { aService } from '../fakes/samples.js';

const MADE = '2026-01-01T00:00:00.000Z';
const ACTIVE = '2026-01-02T00:00:00.000Z';
const RESET = '2026-01-05T00:00:00.000Z';
const other = new Secret('other');
const service = (also: Changes = {}) =>
  aService({
    lifecycle: 'active',
    createdAt: MADE,
    activeAt: ACTIVE,
    secrets: { admin_password: new Secret('old'), other },
    ...also,
  });
const names = ({ secrets }: { readonly secrets: object }): string[] => Object.keys(secrets).sort();

t.test('a password can be read for a week after its last reset, else after the site was made', async (t) => {
  const until = (also: Changes): string => new Date(readableUntil(service(also))).toISOString();
  t.equal(until({}), '2026-01-09T00:00:00.000Z');
  t.equal(until({ activeAt: null }), '2026-01-08T00:00:00.000Z');
  t.equal(until({ data: { admin_password_at: RESET } }), '2026-01-12T00:00:00.000Z');
  t.equal(
    until({ data: { admin_password_at: 5 } }),
    '2026-01-09T00:00:00.000Z',
    'what is no instant does not count',
  );
});

t.test('it is erased then, unless there is none or it is still being set', async (t) => {
  t.equal(erasedAt(service()), '2026-01-09T00:00:00.000Z');
  t.equal(erasedAt(service({ lifecycle: 'creating' })), null);
  t.equal(erasedAt(service({ secrets: { other } })), null);
});

t.test('a reset takes the place of the old password, leaves it, or leaves none', async (t) => {
  const next = new Secret('new');
  const waiting = service({
    secrets: { admin_password: new Secret('old'), admin_password_next: next, other },
    credentialsAcknowledgedAt: MADE,
    data: { title: 'Shop' },
  });
  const set = passwordSet(waiting, RESET);
  t.same(names(set), ['admin_password', 'other']);
  t.equal(set.secrets['admin_password']?.reveal(), 'new');
  t.same(set.data, { title: 'Shop', admin_password_at: RESET });
  t.equal(set.credentialsAcknowledgedAt, null, 'the new one was not read yet');
  const left = passwordNotSet(waiting);
  t.same(names(left), ['admin_password', 'other']);
  t.equal(left.secrets['admin_password']?.reveal(), 'old');
  t.same(names(passwordInDoubt(waiting)), ['other'], 'rather none than a wrong one');
  t.same(names(withoutPassword(waiting)), ['admin_password_next', 'other']);
});

t.test('without a reset on its way nothing changes', async (t) => {
  const settled = service();
  t.equal(passwordSet(settled, RESET), settled);
  t.equal(passwordInDoubt(settled), settled);
  t.same(names(passwordNotSet(settled)), ['admin_password', 'other']);
});

t.test('a return to a snapshot that is older than the last reset leaves no password', async (t) => {
  const snapshot = (createdAt: string) => ({ name: 'initial', kind: 'initial' as const, createdAt });
  const after = (createdAt: string, data: Changes['data'] = { admin_password_at: RESET }, name = 'initial') =>
    names(afterReturn(service({ data, snapshots: [snapshot(createdAt)] }), name));
  t.same(after(ACTIVE), ['other']);
  t.same(after(RESET), ['admin_password', 'other'], 'one of the same instant has it');
  t.same(after('2026-01-06T00:00:00.000Z'), ['admin_password', 'other']);
  t.same(after(ACTIVE, {}), ['admin_password', 'other'], 'it was never reset');
  t.same(after(ACTIVE, undefined, 'another'), ['admin_password', 'other']);
});
