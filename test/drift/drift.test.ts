import t from 'tap';
import { compareWithActual } from '../../src/drift/drift.js';
import { pictureOf, type ServicePicture } from '../../src/drift/desired-state.js';
import { findMark, formatMark, isMarkAlone, type Mark, templateMark } from '../../src/kernel/mark.js';
import { findOrphans, type Orphan } from '../../src/drift/orphans.js';
import { confirmTwice, counts, type Sighted } from '../../src/drift/confirm-twice.js';
import type { Service, ServiceKey } from '../../src/model/service.js';
import type { SeenContainer, SeenHa, SeenRecord, ActualState } from '../../src/model/actual-state.js';
import { aJob, aService, basicPlan } from '../fakes/samples.js';
import type { Changes } from '../fakes/parts.js';

const AGENT = 'house';
const live = (also: Changes = {}): Service =>
  aService({ lifecycle: 'active', node: 'pve1', power: 'running', ...also });
const markFor = (also: Partial<Mark> = {}): Mark => ({
  agent: AGENT,
  panel: 'default',
  service: '12',
  generation: 1,
  ...also,
});
const { memoryMb, swapMb, diskGb, cores } = basicPlan;
const container = (also: Partial<SeenContainer> = {}): SeenContainer => ({
  vmid: 1000,
  node: 'pve1',
  power: 'running',
  template: false,
  resources: { memoryMb, swapMb, diskGb, cores },
  mark: markFor(),
  markAlone: true,
  ...also,
});
const ha = (also: Partial<SeenHa> = {}): SeenHa => ({
  vmid: 1000,
  state: 'started',
  rule: null,
  mark: markFor(),
  markAlone: true,
  ...also,
});
const record = (also: Partial<SeenRecord> = {}): SeenRecord => ({
  name: 'anna.sandbox.test',
  type: 'A',
  values: ['203.0.113.10'],
  mark: markFor(),
  markAlone: true,
  ...also,
});
const host = {
  mark: markFor(),
  names: ['anna.sandbox.test'],
  upstream: { address: '10.77.0.10', port: 80 },
  state: 'enabled',
};
const world = (also: Partial<ActualState> = {}): ActualState => ({
  containers: { read: [container()], unread: [] },
  ha: [ha()],
  dns: [record()],
  proxy: [host],
  certificates: [],
  ...also,
});
const containers = (...read: SeenContainer[]): Pick<ActualState, 'containers'> => ({
  containers: { read, unread: [] },
});
const found = (service: Service, seen: ActualState, busy = false): string[] =>
  compareWithActual(AGENT, [pictureOf(service, busy)], seen).findings.map(
    ({ part, problem, safe }) => `${part} ${problem}${safe ? ' safe' : ''}`,
  );

t.test(
  'a lock that no task holds is told whatever becomes of the service, and repaired by nobody',
  async (t) => {
    const commands = ['pct unlock 1000', 'pct delsnapshot 1000 BAK01012026-1 --force'];
    const leftLock = { vmid: 1000, node: 'pve1', lock: 'snapshot-delete', commands };
    const world: ActualState = {
      ...{ ha: null, dns: null, proxy: null, certificates: null },
      containers: { read: [container({ power: 'unknown', leftLock })], unread: [] },
    };
    for (const life of [live(), live({ jobs: [aJob({ status: 'stuck' })] })]) {
      const { findings } = compareWithActual(AGENT, [pictureOf(life, false)], world);
      t.match(findings, [
        { part: 'lock', key: 'default/12', safe: false, hint: `on pve1: ${commands.join(' && ')}`, leftLock },
      ]);
    }
    t.same(
      compareWithActual('another', [], world).findings,
      [],
      "what is another agent's is its own to tell",
    );
  },
);

t.test(
  'HA in its state "error" is told with the commands that lead out of it, whatever becomes of the service',
  (t) => {
    const out = [
      'ha-manager set ct:1000 --state disabled',
      "while ha-manager status | grep -q 'ct:1000 .*error'; do sleep 1; done",
      'ha-manager set ct:1000 --state started',
    ];
    const hintOf = (seen: Partial<SeenContainer>, state: string): string | null | undefined => {
      const there: ActualState = {
        ...{ dns: null, proxy: null, certificates: null, ha: [ha({ state })] },
        ...containers(container({ power: 'unknown', haError: true, ...seen })),
      };
      const stuck = live({ jobs: [aJob({ status: 'stuck' })] });
      const all = compareWithActual(AGENT, [pictureOf(stuck, false)], there).findings;
      return all.find(({ part, safe }) => part === 'ha_error' && !safe)?.hint;
    };
    t.equal(hintOf({}, 'started'), `on pve1: ${out.join(' && ')}`);
    const commands = ['pct unlock 1000'];
    const leftLock = { vmid: 1000, node: 'pve1', lock: 'rollback', commands };
    t.equal(
      hintOf({ leftLock }, 'started'),
      `on pve1: ${[...commands, ...out].join(' && ')}`,
      'a lock goes first, else HA fails again',
    );
    t.match(hintOf({}, 'stopped'), /--state stopped$/, 'it gets back what it was asked for');
    t.match(hintOf({}, 'disabled'), /--state disabled$/, 'and nothing else when that was all');
    const foreign = container({ haError: true });
    const none: ActualState = {
      ha: null,
      dns: null,
      proxy: null,
      certificates: null,
      ...containers(foreign),
    };
    t.same(compareWithActual('another', [], none).findings, [], "another agent's is its own to tell");
    t.end();
  },
);

t.test('a world that is as the record says shows no drift', (t) => {
  t.same(found(live(), world()), []);
  const suspended = live({ lifecycle: 'suspended', suspendedFor: ['billing'], power: 'stopped' });
  t.same(
    found(
      suspended,
      world({ ...containers(container({ power: 'stopped' })), proxy: [{ ...host, state: 'suspended' }] }),
    ),
    [],
  );
  const held = aService({
    lifecycle: 'terminated',
    deletion: { requestedAt: 'x', purgeAt: 'y' },
    node: 'pve1',
  });
  t.same(
    found(held, world({ ...containers(container({ power: 'stopped' })), ha: [], dns: [], proxy: [] })),
    [],
  );
  t.end();
});

t.test('every difference is found, and only what is safe is called safe', (t) => {
  const cases: [string, Partial<ActualState>, string[]][] = [
    ['gone', containers(), ['container missing']],
    ['stopped', containers(container({ power: 'stopped' })), ['power different safe']],
    [
      'less memory',
      containers(container({ resources: { ...basicPlan, memoryMb: 512 } })),
      ['resources different safe'],
    ],
    [
      'more memory',
      containers(container({ resources: { ...basicPlan, memoryMb: 4096 } })),
      ['resources different'],
    ],
    [
      'less memory, a larger disk',
      containers(container({ resources: { ...basicPlan, memoryMb: 512, diskGb: 30 } })),
      ['resources different safe'],
    ],
    [
      'a larger disk, of a smaller plan or a larger template',
      containers(container({ resources: { ...basicPlan, diskGb: 30 } })),
      [],
    ],
    [
      'a smaller disk',
      containers(container({ resources: { ...basicPlan, diskGb: 8 } })),
      ['resources different safe'],
    ],
    ['a template', containers(container({ template: true })), ['container different']],
    ['no HA', { ha: [] }, ['ha missing safe']],
    ['HA told otherwise', { ha: [ha({ state: 'ignored' })] }, ['ha different']],
    ['no HA rule', { ha: [ha({ rule: false })] }, ['ha missing safe']],
    ['no record', { dns: [] }, ['dns missing safe']],
    ['another value', { dns: [record({ values: ['203.0.113.99'] })] }, ['dns different safe']],
    ['a record too many', { dns: [record(), record({ type: 'AAAA', values: ['::1'] })] }, ['dns surplus']],
    ['no host', { proxy: [] }, ['proxy missing safe']],
    ['another state', { proxy: [{ ...host, state: 'suspended' }] }, ['proxy different safe']],
    [
      'another port alone is the product’s',
      { proxy: [{ ...host, upstream: { address: '10.77.0.10', port: 81 } }] },
      [],
    ],
  ];
  for (const [name, seen, expected] of cases) t.same(found(live(), world(seen)), expected, name);
  t.end();
});

t.test('power is judged by what the site was last told, and a customer’s stop stands', (t) => {
  const running = world();
  const stopped = world(containers(container({ power: 'stopped' })));
  const unknown = aService({ lifecycle: 'active', node: 'pve1' });
  t.same(found(unknown, stopped), [], 'nobody has said');
  t.same(found(live({ power: 'stopped' }), running), ['power different'], 'visitors: for a person');
  const suspended = live({ lifecycle: 'suspended', suspendedFor: ['abuse'] });
  t.same(found(suspended, world({ proxy: [{ ...host, state: 'suspended' }] })), ['power different safe']);
  t.same(
    found(live(), world(containers(container({ power: 'unknown' })))),
    [],
    'a backup stops it for a moment',
  );
  t.end();
});

t.test('a system that could not be asked is unknown, and so is one that cannot be right', (t) => {
  const nothing: ActualState = { containers: null, ha: null, dns: null, proxy: null, certificates: null };
  t.same(found(live(), nothing), []);
  t.same(found(live(), world({ containers: { read: [], unread: [1000] } })), [], 'its node is off');
  const three = ['1', '2', '3'].map((id, n) => pictureOf(live({ id, vmid: 1000 + n }), false));
  const gone = compareWithActual(AGENT, three, { ...nothing, containers: { read: [], unread: [] } });
  t.same(gone, { findings: [], unknown: ['containers', 'ha', 'dns', 'proxy', 'certificates'] });
  t.end();
});

t.test('a service with an open job, a stuck one or one being made is left out', (t) => {
  t.same(found(live(), world({ dns: [] }), true), []);
  t.same(found(live({ jobs: [aJob({ status: 'stuck', endedAt: 'x' })] }), world({ dns: [] })), []);
  t.same(found(aService(), world({ dns: [] })), []);
  t.end();
});

t.test('what stands under our number without our mark is told, and nothing else is said of it', (t) => {
  const strange = (mark: Mark | undefined) =>
    found(live(), world({ ...containers(container({ mark, power: 'stopped' })), ha: [] }));
  t.same(strange(undefined), ['mark missing']);
  for (const also of [{ agent: 'house2' }, { service: '123' }, { generation: 2 }, { panel: 'staging' }])
    t.same(strange(markFor(also)), ['container foreign'], JSON.stringify(also));
  t.end();
});

t.test('marks are told from texts that look like them', (t) => {
  const mine = formatMark(markFor());
  t.ok(isMarkAlone(`${mine}\n`));
  for (const text of [
    `x${mine}`,
    `my-${mine}`,
    `${mine}0a`,
    `${mine}/5`,
    'innkeeper:house/default/12',
    '',
    undefined,
  ])
    t.equal(findMark(text), undefined, String(text));
  for (const text of [
    `copy of ${mine}`,
    `${mine} do not delete`,
    `${mine}\n${formatMark(markFor({ service: '13' }))}`,
  ])
    t.notOk(isMarkAlone(text), text);
  t.end();
});

const orphansOf = (
  services: readonly Service[],
  seen: Partial<ActualState>,
  also: { damaged?: boolean; holder?: ServiceKey } = {},
) => {
  const pictures = new Map<ServiceKey, ServicePicture>(
    services.map((service) => pictureOf(service, false)).map((picture) => [picture.key, picture]),
  );
  const none: ActualState = {
    containers: { read: [], unread: [] },
    ha: [],
    dns: [],
    proxy: [],
    certificates: [],
  };
  return findOrphans({
    agent: AGENT,
    pictures,
    actual: { ...none, ...seen },
    damaged: also.damaged ?? false,
    holderOf: () => also.holder,
  }).map(({ kind, why, doubt }: Orphan) => `${kind} ${why}${doubt === null ? '' : ` (${doubt})`}`);
};
const gone = aService({ lifecycle: 'terminated', vmid: null, addresses: [], generation: 2 });

t.test('what ended services left behind is found on every system', (t) => {
  const mark = markFor({ generation: 2 });
  t.same(
    orphansOf([gone], {
      ...containers(container({ mark, vmid: 2012 })),
      ha: [ha({ mark, vmid: 2012 })],
      dns: [record({ mark })],
      proxy: [{ ...host, mark }],
    }),
    ['proxy ended', 'dns ended', 'ha ended', 'container ended'],
    'in the order of a deletion: a container takes its HA resource along, which then could not be found any more',
  );
  t.same(orphansOf([live({ generation: 2, vmid: 1001 })], { ...containers(container()) }), [
    'container former',
  ]);
  t.end();
});

t.test('what leaves room for doubt is never removable', (t) => {
  const mark = markFor({ generation: 2 });
  const one = container({ mark, vmid: 2012 });
  const doubts: [string, string[], RegExp][] = [
    [
      'a note beside the mark',
      orphansOf([gone], containers({ ...one, markAlone: false })),
      /more than the mark/,
    ],
    ['two of them', orphansOf([gone], containers(one, { ...one, vmid: 2013 })), /2 containers carry/],
    ['a template', orphansOf([gone], containers({ ...one, template: true })), /template/],
    ['a number in use', orphansOf([gone], containers(one), { holder: 'default/99' }), /held by service/],
    [
      'a restored copy of a living site',
      orphansOf([live()], containers(container(), container({ vmid: 2012 }))),
      /carry this mark/,
    ],
    ['a moved one', orphansOf([live()], containers(container({ vmid: 2012 }))), /has a different container/],
    ['newer than the state', orphansOf([live()], containers(container({ mark, vmid: 2012 }))), /newer/],
    [
      'a damaged document',
      orphansOf([], containers(one), { damaged: true }),
      /whose document cannot be read/,
    ],
    [
      'HA of a foreign container',
      orphansOf([gone], {
        ...containers(container({ vmid: 7, mark: undefined })),
        ha: [ha({ mark, vmid: 7 })],
      }),
      /has a different mark/,
    ],
    [
      'HA while containers are unknown',
      orphansOf([gone], { containers: null, ha: [ha({ mark })] }),
      /could not be read/,
    ],
    [
      'an abandoned creation',
      orphansOf([aService({ lifecycle: 'failed' })], containers(container())),
      /abandoned/,
    ],
  ];
  for (const [name, list, doubt] of doubts) {
    t.ok(list.length > 0, name);
    for (const text of list) t.match(text, doubt, name);
  }
  t.same(orphansOf([], containers(one)), ['container unknown'], 'no doubt, but unknown');
  t.end();
});

t.test('a golden template of ours belongs to no service, and is no orphan', (t) => {
  const one = container({ mark: templateMark(AGENT, 'wordpress'), vmid: 9000 });
  t.same(orphansOf([], containers({ ...one, template: true })), []);
  t.same(orphansOf([live()], containers(container(), one)), [], 'nor while it is being made');
  t.end();
});

t.test('another agent’s things and those without a mark are not even listed', (t) => {
  const foreign: Partial<Mark>[] = [{ agent: 'house2' }, { agent: 'hous' }, { agent: 'House' }];
  for (const also of foreign) {
    const mark = markFor(also);
    const seen = {
      ...containers(container({ mark })),
      ha: [ha({ mark })],
      dns: [record({ mark })],
      proxy: [{ ...host, mark }],
    };
    t.same(orphansOf([], seen), [], JSON.stringify(also));
    t.same(orphansOf([gone], seen), []);
  }
  t.same(orphansOf([gone], containers(container({ mark: undefined }))), []);
  t.end();
});

t.test(
  'a finding counts once a second look, far enough apart, finds the same of an unchanged service',
  (t) => {
    type One = { readonly id: string };
    const look = (
      before: ReadonlyMap<string, Sighted<One>>,
      at: number,
      ids: string[],
      version = 'v1',
      unknown = false,
    ) =>
      confirmTwice(before, {
        at,
        items: ids.map((id) => ({ item: { id }, version })),
        isUnknown: () => unknown,
      });
    const ids = (all: ReadonlyMap<string, Sighted<One>>): string[] =>
      [...all.values()].filter((one) => counts(one, 100)).map(({ item }) => item.id);
    const first = look(new Map(), 0, ['a', 'b']);
    t.same(ids(first), [], 'one look is no proof');
    t.same(ids(look(first, 50, ['a'])), [], 'too soon');
    t.same(ids(look(first, 100, ['a'])), ['a'], 'the other is gone');
    t.same(ids(look(first, 100, ['a'], 'v2')), [], 'the service changed in between');
    const proven = look(first, 100, ['a']);
    t.same(ids(look(proven, 200, [], 'v1', true)), ['a'], 'what cannot be asked stays as it was');
    t.same(ids(look(first, 200, [], 'v1', true)), [], 'and what was seen once stays seen once');
    t.end();
  },
);
