import { PassThrough } from 'node:stream';
import t from 'tap';
import { callCredits } from '../../../src/jobs/engine/call-credits.js';
import { readFrames, writeFrame } from '../../../src/jobs/engine/frames.js';
import { logRation, type LogLine } from '../../../src/jobs/engine/log-ration.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test(
  'a few calls are under way at once, the others wait in their order, and too many are refused',
  async (t) => {
    const { spend } = callCredits({ atOnce: 2, waiting: 3 });
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const call = (n: number): Promise<number> =>
      spend(async () => {
        begun.push(n);
        await new Promise<void>((resolve) => ends.push(resolve));
        if (n === 0) throw new Error('failed');
        return n;
      });
    const calls = [0, 1, 2, 3, 4, 5].map(call);
    await t.rejects(Promise.resolve(calls[5]), {
      code: 'module_failed',
      detail: /more than 3 calls at the same time/,
    });
    t.same(begun, [0, 1]);
    ends[0]?.();
    await t.rejects(Promise.resolve(calls[0]), /failed/);
    await turn();
    t.same(begun, [0, 1, 2], 'one that failed gives its place back, too');
    for (let n = 1; n < 5; n += 1) {
      ends[n]?.();
      await turn();
    }
    t.same(await Promise.all(calls.slice(1, 5)), [1, 2, 3, 4]);
    t.same(begun, [0, 1, 2, 3, 4]);
  },
);

t.test('fifty lines a second are logged, and the others counted', (t) => {
  const said: LogLine[] = [];
  let now = 0;
  const ration = logRation(
    (line) => said.push(line),
    () => now,
  );
  const line = { level: 'info', step: 'one', message: 'x', fields: {} } as const;
  for (let n = 0; n < 60; n += 1) ration.line(line);
  t.equal(said.length, 50);
  now = 100;
  for (let n = 0; n < 10; n += 1) ration.line(line);
  t.equal(said.length, 50 + 1 + 5, 'a tenth of a second gives five more');
  t.match(said[50], {
    level: 'warn',
    message: 'dropped 10 log lines of the module: the limit is 50 lines per second',
  });
  ration.flush();
  t.match(said.at(-1), { message: /^dropped 5 log lines/ });
  ration.flush();
  t.equal(said.length, 57, 'said once');
  now = 1_000_000;
  for (let n = 0; n < 60; n += 1) ration.line(line);
  t.equal(said.length, 57 + 50, 'what was not used is not saved up');
  t.end();
});

t.test('frames arrive whole, one by one, whatever the pieces of the stream', async (t) => {
  const stream = new PassThrough();
  const heard: unknown[] = [];
  readFrames(
    stream,
    { onMessage: (message) => heard.push(message), onProblem: (problem) => t.fail(problem) },
    { longest: 1_000, perSecond: 1_000 },
  );
  const messages = [{ a: 'ä\n"' }, [1], null, 'x'];
  const source = new PassThrough();
  for (const message of messages) writeFrame(source, message);
  for (const byte of (source.read() as Buffer).values()) stream.write(Buffer.of(byte));
  while (heard.length < messages.length) await turn();
  t.same(heard, messages);
});

t.test('what cannot be read ends the reading', async (t) => {
  for (const [text, problem] of [
    ['{"a":1}\nnonsense\n{"b":1}\n', /unreadable message/],
    [`{"a":1}\n${'x'.repeat(1_001)}`, /more than 1000 characters/],
    [`{"a":1}\n"${'x'.repeat(1_001)}"\n{"b":1}\n`, /more than 1000 characters/],
  ] as const) {
    const stream = new PassThrough();
    const heard: unknown[] = [];
    const problems: string[] = [];
    readFrames(
      stream,
      { onMessage: (message) => heard.push(message), onProblem: (one) => problems.push(one) },
      { longest: 1_000, perSecond: 1_000 },
    );
    stream.write(text);
    while (problems.length === 0) await turn();
    stream.write('{"c":1}\n');
    await turn();
    t.equal(problems.length, 1);
    t.match(problems[0], problem);
    t.notOk(JSON.stringify(heard).includes('"b"') || JSON.stringify(heard).includes('"c"'));
  }
});

t.test('what comes too fast stays with its writer', async (t) => {
  const stream = new PassThrough({ highWaterMark: 1_024 });
  let heard = 0;
  readFrames(
    stream,
    { onMessage: () => (heard += 1), onProblem: (problem) => t.fail(problem) },
    { longest: 1_000, perSecond: 10 },
  );
  let written = 0;
  const write = (): boolean => {
    written += 1;
    return stream.write('{"kind":"loaded"}\n');
  };
  for (let n = 0; n < 10_000; n += 1) {
    if (!write()) break;
    await turn();
  }
  t.ok(written < 10_000, `the stream was full after ${written}`);
  t.ok(heard <= 20, `${heard} were taken`);
  stream.destroy();
});
