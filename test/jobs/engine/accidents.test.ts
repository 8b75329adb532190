/** What the code of a module can do to the daemon that runs its job: end its own attempt. */
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { Job } from '../../../src/model/job.js';
import { CALL_BOUNDS } from '../../../src/modules/kit/call-bounds.js';
import { shippedModules } from '../../../src/modules/loader.js';
import { fakeDrivers } from '../../fakes/drivers.js';
import { changed } from '../../fakes/parts.js';
import { ended, engine, type Engine, KEY, order, type TestModule, until } from './harness.js';

const module: TestModule = {
  path: join(dirname(shippedModules()), 'test/fakes/accident/module.js'),
  isOurs: false,
};

async function withAccident(
  t: Test,
  behave: string,
  policy: Partial<Job['policy']> = {},
  drivers = fakeDrivers(),
): Promise<Engine> {
  const house = await engine(t, undefined, drivers, undefined, module);
  await house.runner.start();
  const { policy: usual } = order().jobs[0] ?? {};
  if (!usual) throw new Error('no job');
  await house.state.services.commit(KEY, () => order({ behave }, { policy: { ...usual, ...policy } }));
  return house;
}

/** Another service's job of the same module goes through meanwhile. */
async function servesOthers({ state }: Engine, t: Test): Promise<void> {
  const other = { id: 'other', subdomain: 'other', fqdn: 'other.test', addresses: [], vmid: 1050 };
  await state.services.commit('default/other', () => changed(order(), other));
  const { jobs, data } = await until(state, ended, 'default/other');
  t.match(jobs[0], { status: 'completed' });
  t.match(data, { survived: true });
}

/** It is written after the record has changed. */
async function crashLine(log: readonly string[]): Promise<string> {
  for (;;) {
    const found = log.find((line) => line.includes('"ending":"crashed"'));
    if (found !== undefined) return found;
    await delay(10);
  }
}

const hasLogged = ({ log }: Engine, text: string): boolean => log.some((line) => line.includes(text));

async function close({ runner, state }: Engine): Promise<void> {
  await runner.stop();
  await state.close();
}

/** The accident, and what the log says of the attempt. */
const CRASHES: Readonly<Record<string, RegExp>> = {
  numbers: /needed more than 64 MiB of heap/,
  map: /more than \d+ MiB of heap/,
  keys: /more than \d+ MiB of heap/,
  concat: /more than \d+ MiB of heap/,
  objects: /more than \d+ MiB of heap/,
  buffers: /used more than 256 MiB of memory/,
  exit: /ended with code 3/,
  'exit-well': /ended without a result/,
  kill: /ended by SIGKILL/,
  abort: /ended by SIGABRT/,
  'late-throw': /ended with code 1: Error: thrown behind its back/,
  rejected: /ended with code 1: Error: nobody waits for this/,
  prototypes: /sent an unreadable message/,
  'large-message': /sent a message of more than 1048576 characters/,
};

for (const [behave, detail] of Object.entries(CRASHES))
  t.test(`${behave}: the attempt ends with its reason, and the job goes on`, async (t) => {
    const house = await withAccident(t, behave);
    const { state, log } = house;
    await servesOthers(house, t);
    await until(state, ({ crashes }) => crashes > 0);
    t.match(await crashLine(log), detail);
    await state.services.commit(KEY, (service) => {
      if (!service) throw new Error('gone');
      return { ...service, jobs: service.jobs.map((job) => ({ ...job, args: {} })) };
    });
    const { jobs, data } = await until(state, ended);
    t.match(jobs[0], { status: 'completed' });
    t.match(data, { survived: true });
    t.equal(jobs[0]?.steps.find(({ name }) => name === 'first')?.begun, 1, 'what was done is not done again');
    await close(house);
  });

for (const behave of ['regex', 'loop', 'forever', 'flood'])
  t.test(`${behave}: the attempt is ended at its time limit`, async (t) => {
    const house = await withAccident(t, behave, { tries: 1, timeoutS: 1 });
    await servesOthers(house, t);
    const { jobs } = await until(house.state, ended);
    t.match(jobs[0], { status: 'failed', error: { code: 'job_timeout', step: 'accident' } });
    const raw = house.log.filter((line) => line.includes('"msg":"raw"')).length;
    t.ok(raw < 5_000, `${raw} messages were read, and the others left to the process that sent them`);
    await close(house);
  });

const FAILURES: Readonly<Record<string, RegExp>> = {
  data: /data\.save is larger than 65536 bytes/,
  bigint: /data\.save\[0\]\.n is a BigInt/,
  result: /the result of the step accident\.when is a Date/,
};

for (const [behave, detail] of Object.entries(FAILURES))
  t.test(`${behave}: the module is told what is wrong with its call`, async (t) => {
    const house = await withAccident(t, behave);
    const { jobs } = await until(house.state, ended);
    t.match(jobs[0], { status: 'failed', error: { code: 'module_failed', step: 'accident', detail } });
    t.equal(jobs[0]?.steps.find(({ name }) => name === 'accident')?.begun, 1, 'another try changes nothing');
    await close(house);
  });

t.test('a flood of log lines is counted where it began', async (t) => {
  const house = await withAccident(t, 'lines');
  await servesOthers(house, t);
  const { data } = await until(house.state, ended);
  t.match(data, { survived: true });
  const lines = house.log.filter((line) => line.includes('"msg":"spam"')).length;
  t.ok(lines >= 50 && lines < 5_000, `${lines} lines of 200000`);
  const leftOut = house.log
    .map((line) => /dropped (\d+) log lines of the module/.exec(line)?.[1])
    .reduce((sum, count) => sum + Number(count ?? 0), 0);
  t.equal(lines + leftOut, 200_000, 'none is unaccounted for');
  await close(house);
});

t.test('a hundred thousand calls at once wait in the module, or are refused', async (t) => {
  const drivers = fakeDrivers();
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const calls = { made: 0, underWay: 0, mostAtOnce: 0 };
  const guest = {
    ...drivers.guest,
    async find() {
      calls.made += 1;
      calls.underWay += 1;
      calls.mostAtOnce = Math.max(calls.mostAtOnce, calls.underWay);
      await gate;
      calls.underWay -= 1;
      return undefined;
    },
  };
  // no limit of time: how long the calls take depends on the machine
  const house = await withAccident(t, 'calls', { timeoutS: 86_400 }, { ...drivers, guest });
  await servesOthers(house, t);
  // neither a call of a driver nor a log line changes a record
  while (calls.underWay < CALL_BOUNDS.atOnce || !hasLogged(house, 'all were made')) await delay(10);
  t.equal(calls.made, CALL_BOUNDS.atOnce, 'the others wait in the module while these are under way');
  open();
  const { data, jobs } = await until(house.state, ended);
  t.match(jobs[0], { status: 'completed' });
  t.match(data, { refused: 100_000 - CALL_BOUNDS.waiting - CALL_BOUNDS.atOnce });
  t.same(calls, {
    made: CALL_BOUNDS.waiting + CALL_BOUNDS.atOnce,
    underWay: 0,
    mostAtOnce: CALL_BOUNDS.atOnce,
  });
  await close(house);
});

t.test('what a module prints goes nowhere', async (t) => {
  const house = await withAccident(t, 'stdout');
  t.match((await until(house.state, ended)).jobs[0], { status: 'completed' });
  await close(house);
});
