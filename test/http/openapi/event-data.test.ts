/** What events say is what the description of the API says that they say. */
import t from 'tap';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { EVENT_DATA } from '../../../src/http/schemas/event-data.js';
import { happenings } from '../../../src/model/event.js';
import { EVENT_TYPES, type Happening } from '../../../src/model/service-event.js';
import { aJob, aService } from '../../fakes/samples.js';
import { changed, type Changes } from '../../fakes/parts.js';

const AT = '2026-03-01T12:00:00.000Z';
const service = aService({ lifecycle: 'active' });
const domain = {
  domain: 'example.org',
  www: false,
  provenBy: 'txt',
  certificate: { state: 'pending', expiresAt: null, problem: null },
  addedAt: AT,
} as const;
const stray = { ...domain, stray: { since: AT, problem: 'It points elsewhere.', off: true } };
const issued = { ...domain, certificate: { state: 'issued', expiresAt: AT, problem: null } } as const;
const backup = { name: 'BAK01032026-1', kind: 'backup', createdAt: AT } as const;
const deletion = { requestedAt: AT, purgeAt: AT };
const error = { code: 'dns_failed', message: 'No.', retryable: false, step: 'dns' } as const;
const job = aJob();

const CHANGES: readonly (readonly [Changes, Changes])[] = [
  [{ lifecycle: 'creating' }, {}],
  [{ lifecycle: 'creating' }, { lifecycle: 'failed', jobs: [{ ...job, status: 'failed', error }] }],
  [{ lifecycle: 'creating' }, { lifecycle: 'failed' }],
  [{}, { lifecycle: 'suspended', suspendedFor: ['billing'] }],
  [{ lifecycle: 'suspended', suspendedFor: ['billing'] }, {}],
  [{}, { lifecycle: 'terminated', deletion, vmid: null }],
  [{ lifecycle: 'terminated', deletion }, {}],
  [{}, { plan: { ...service.plan, name: 'premium' } }],
  [{}, { email: 'new@example.com', userId: null }],
  [{}, { domains: [domain] }],
  [{ domains: [domain] }, {}],
  [{ domains: [domain] }, { domains: [issued] }],
  [{ domains: [domain] }, { domains: [stray] }],
  [{ domains: [stray] }, { domains: [domain] }],
  [{}, { primaryDomain: 'example.org' }],
  [{}, { proxyEnabled: false }],
  [{}, { snapshots: [backup] }],
  [{ snapshots: [backup] }, {}],
  [{}, { jobs: [job] }],
  ...(['completed', 'failed', 'stuck', 'cancelled'] as const).map((status): [Changes, Changes] => [
    { jobs: [job] },
    { jobs: [{ ...job, status, error }] },
  ]),
];

t.test('every type of event says what is described, and nothing else', (t) => {
  const seen = new Set<string>();
  const check = ({ type, data }: Happening): void => {
    seen.add(type);
    const { properties } = EVENT_DATA[type].data;
    const strict = Type.Object(properties, { additionalProperties: false });
    const isEmptyFailure = type === 'service.failed' && Object.keys(data).length === 0;
    t.ok(isEmptyFailure || Value.Check(strict, data), `${type} ${JSON.stringify(data)}`);
  };
  happenings(undefined, service).forEach(check);
  for (const [before, after] of CHANGES)
    happenings(changed(service, before), changed(service, after)).forEach(check);
  t.same([...seen].sort(), [...EVENT_TYPES].sort());
  t.end();
});
