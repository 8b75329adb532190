import t from 'tap';
import { AgentError, type ErrorRecord, fromRecord } from '../../../src/kernel/errors.js';
import type { Flow } from '../../../src/model/flow.js';
import { runFlow, type StepSeat, type CallJournal } from '../../../src/jobs/engine/flow-run.js';
import type { Attempt, Outcome } from '../../../src/jobs/engine/protocol.js';
import type { StepContext } from '../../../src/modules/kit/context.js';
import { basicPlan } from '../../fakes/samples.js';

interface Told {
  readonly calls: string[];
  readonly outcome: Outcome;
  /** Of each step that ended well, as the journal has it. */
  readonly results: Readonly<Record<string, unknown>>;
}

async function walk(
  flow: Flow<StepContext>,
  also: Partial<Attempt> = {},
  signal = new AbortController().signal,
): Promise<Told> {
  const calls: string[] = [];
  const results: Record<string, unknown> = {};
  const journal = (async (
    name: string,
    args: { step: string; direction?: string; error?: ErrorRecord; result?: unknown },
  ) => {
    const { step, direction, error } = args;
    if (name === 'step.end' && error === undefined) results[step] = args.result;
    if (name === 'step.begin') calls.push(`${direction === 'undo' ? 'undo' : 'begin'} ${step}`);
    if (name === 'step.end') calls.push(`${error ? `fail(${error.code})` : 'end'} ${step}`);
    return name === 'step.begin'
      ? { notes: also.steps?.find((known) => known.name === step)?.notes ?? {} }
      : null;
  }) as unknown as CallJournal;
  const attempt: Attempt = {
    jobId: 'j',
    modulePath: '',
    method: 'create',
    direction: 'forward',
    subject: {
      panel: 'default',
      id: '12',
      generation: 1,
      email: 'a@example.com',
      locale: null,
      guest: { addresses: [], power: null, snapshots: [] },
      site: {
        subdomain: 'a',
        fqdn: 'a.sandbox.test',
        url: 'https://a.sandbox.test',
        names: [],
        proxyEnabled: true,
      },
      publicIps: [],
      plan: basicPlan,
      data: {},
      properties: {},
      suspendedFor: [],
    },
    settings: {},
    plan: basicPlan,
    args: {},
    undo: [],
    steps: [],
    ...also,
  };
  const contextFor = (seat: StepSeat): StepContext => Object.assign(Object.create(null), seat) as StepContext;
  return { outcome: await runFlow({ attempt, flow, journal, signal, contextFor }), calls, results };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const ok = async (): Promise<void> => tick();

t.test('steps run side by side as their table allows, and see the results before them', async (t) => {
  let seen: unknown;
  const { calls, outcome } = await walk({
    a: { run: async () => 'from a' },
    b: { run: ok },
    c: {
      after: ['a', 'b'],
      run: async ({ results }) => {
        seen = results;
      },
    },
  });
  t.same(outcome, { kind: 'completed' });
  t.same(seen, { a: 'from a', b: null });
  t.same(calls.slice(0, 2), ['begin a', 'begin b']);
  t.same(calls.slice(-2), ['begin c', 'end c']);
});

t.test('a failure for good aborts what runs, waits for it, and starts nothing new', async (t) => {
  let settled = false;
  const { calls, outcome } = await walk({
    slow: {
      run: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () =>
            setTimeout(() => {
              settled = true;
              reject(new AgentError('aborted', 'stopped'));
            }, 5),
          );
        }),
    },
    bad: {
      run: async () => {
        await tick();
        throw new AgentError('proxy_failed', 'refused');
      },
    },
    next: { after: ['slow'], run: ok },
  });
  t.match(outcome, { kind: 'failed', step: 'bad', error: { code: 'proxy_failed' } });
  t.ok(settled);
  t.ok(calls.includes('fail(aborted) slow'));
  t.notOk(calls.includes('begin next'));
});

t.test('a failure that may pass lets independent steps go on', async (t) => {
  const { calls, outcome } = await walk({
    dns: {
      run: async () => {
        throw new AgentError('dns_unreachable', 'down');
      },
    },
    container: { run: ok },
    install: { after: ['container'], run: ok },
    verify: { after: ['install', 'dns'], run: ok },
  });
  t.match(outcome, { kind: 'failed', step: 'dns', error: { code: 'dns_unreachable', retryable: true } });
  t.ok(calls.includes('end install'));
  t.notOk(calls.includes('begin verify'));
});

t.test('what an earlier attempt finished is not run again; what it began gets its notes', async (t) => {
  let notes: unknown;
  const { calls } = await walk(
    {
      a: { run: async () => t.fail('done already') },
      b: {
        after: ['a'],
        run: async (context) => {
          notes = context.notes;
        },
      },
    },
    {
      steps: [
        { name: 'a', status: 'done', notes: {}, result: 1 },
        { name: 'b', status: 'running', notes: { upid: 'UPID:x' }, result: null },
      ],
    },
  );
  t.same(calls, ['begin b', 'end b']);
  t.same(notes, { upid: 'UPID:x' });
});

t.test('a module that throws something of its own is a module failure, not a crash', async (t) => {
  const { outcome } = await walk({
    a: {
      run: async () => {
        throw new TypeError('undefined is not a function');
      },
    },
  });
  t.match(outcome, { kind: 'failed', error: { code: 'module_failed', detail: /TypeError/ } });
});

t.test('an abort from outside ends as aborted after the steps have settled', async (t) => {
  const aborter = new AbortController();
  const flow: Flow<StepContext> = {
    a: {
      run: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new AgentError('aborted', 'stop')));
          setImmediate(() =>
            aborter.abort(fromRecord({ code: 'aborted', message: 'stop', retryable: true })),
          );
        }),
    },
  };
  t.match((await walk(flow, {}, aborter.signal)).outcome, { kind: 'failed', error: { code: 'aborted' } });
});

t.test('undo runs in the order it was told, and stops at the first that fails', async (t) => {
  const undone: string[] = [];
  const flow: Flow<StepContext> = {
    a: { run: ok, undo: async () => void undone.push('a') },
    b: {
      run: ok,
      undo: async () => {
        throw new AgentError('container_host_failed', 'no');
      },
    },
    c: { run: ok, undo: async () => void undone.push('c') },
  };
  const back = await walk(flow, { direction: 'undo', undo: ['c', 'a'] });
  t.same(back.outcome, { kind: 'undone' });
  t.same(undone, ['c', 'a']);
  t.same(back.calls, ['undo c', 'end c', 'undo a', 'end a']);
  const stuck = await walk(flow, { direction: 'undo', undo: ['b', 'a'] });
  t.match(stuck.outcome, { kind: 'undo_failed', step: 'b' });
  t.notOk(stuck.calls.includes('undo a'));
});

t.test('what a step returns is in the journal, and later steps have it', async (t) => {
  const heard: unknown[] = [];
  const { results } = await walk({
    first: { run: async () => ({ vmid: 101 }) },
    second: {
      after: ['first'],
      run: async (context) => {
        heard.push(context.results);
      },
    },
  });
  t.same(results, { first: { vmid: 101 }, second: null });
  t.same(heard, [{ first: { vmid: 101 } }]);
});
