import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openLog } from '../../src/boot/log.js';
import { testFolder } from '../test-folder.js';

t.test('with `journal` each line begins with its priority, else it is JSON alone', async (t) => {
  const lines: string[] = [];
  const to = { write: (line: string) => void lines.push(line) };
  const log = await openLog({ level: 'trace', format: 'journal' }, to);
  for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) log[level](level);
  t.same(
    lines.map((line) => line.slice(0, 4)),
    ['<7>{', '<7>{', '<6>{', '<4>{', '<3>{', '<2>{'],
  );
  (await openLog({ level: 'info', format: 'json' }, to)).info('x');
  t.match(JSON.parse(lines.at(-1) ?? ''), { level: 30, msg: 'x' });
  (await openLog({ level: 'info', format: 'auto' }, to)).info('x');
  t.match(lines.at(-1), /^\{/, 'another stream than standard output is not the journal');
});

t.test('with `text` a line is for people: time, level, sentence, fields', async (t) => {
  const lines: string[] = [];
  const log = await openLog(
    { level: 'info', format: 'text' },
    { write: (line: string) => void lines.push(line) },
  );
  log.warn({ service: 'default/12', step: 'dns', call: 'dns.ensure' }, 'the call failed');
  log.error({ err: new Error('no answer') }, 'the job could not be read');
  t.match(
    lines[0],
    /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] WARN: the call failed \{"service":"default\/12","step":"dns","call":"dns\.ensure"\}\n$/,
  );
  t.match(lines[1], /ERROR: the job could not be read *\n.*no answer/s);
});

t.test('standard output that leads to the journal is known by device and inode', async (t) => {
  const file = join(testFolder(t), 'out');
  const say = async (journal: (stat: { dev: number; ino: number }) => string): Promise<string> => {
    const out = openSync(file, 'w');
    const child = spawn(process.execPath, [join(import.meta.dirname, 'log-line.js')], {
      stdio: ['ignore', out, 'inherit'],
      env: { ...process.env, JOURNAL_STREAM: journal(fstatSync(out)) },
    });
    await once(child, 'exit');
    closeSync(out);
    return readFileSync(file, 'utf8');
  };
  t.match(await say(({ dev, ino }) => `${dev}:${ino}`), /^<4>\{"level":40,.*"msg":"hello"\}\n$/);
  t.match(await say(({ dev, ino }) => `${dev}:${ino + 1}`), /^\{"level":40/);
  t.match(await say(() => 'nonsense'), /^\{"level":40/);
});
