import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { neverAborted } from '../../src/kernel/async/never.js';
import { poll } from '../../src/kernel/async/poll.js';
import { systemClock } from '../../src/kernel/clock.js';
import { writeModule } from '../../src/modules/authoring/new/write-module.js';
import { readAuthored } from '../../src/modules/authoring/read-authored.js';
import { devModule } from '../../src/sandbox/dev-module.js';
import { scratchRoots } from '../../src/sandbox/memory/scratch-root.js';
import { freePort } from '../fakes/free-port.js';
import { testFolder } from '../test-folder.js';

async function until(t: Test, what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const polling = { clock: systemClock, signal: neverAborted(), pauses: 50, patienceMs: 60_000 };
  for await (const _ of poll(polling)) if (await isTrue()) return;
  t.fail(what);
}

t.test('a module of an author runs in the sandbox, and is read again when it changes', async (t) => {
  const dir = testFolder(t);
  await writeModule({ type: 'product', name: 'acme-key', dir, author: 'Acme', now: new Date() });
  const module = await readAuthored(join(dir, 'product/acme-key'));
  const stateDir = join(dir, 'state');
  await mkdir(stateDir);
  const log = createWriteStream(join(dir, 'agent.log'));
  t.teardown(() => log.end());
  const lines: string[] = [];
  const dev = await devModule({
    ...{ module, stateDir, log, planData: { seats: 3 }, apiPort: await freePort() },
    tell: (line) => void lines.push(line),
  });
  t.teardown(() => dev.close());
  t.same(lines, ['product/acme-key 1.0.0 is active']);

  const { api, token } = dev.access;
  const call = async (path: string, body?: object): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sent = body ? { method: 'POST', body: JSON.stringify(body) } : {};
    return (await (await fetch(`${api}${path}`, { headers, ...sent })).json()) as Record<string, unknown>;
  };
  const order = { service_id: '1', plan: 'dev', email: 'a@example.com', public_ip: '203.0.113.10' };
  t.match(await call('/create-site', order), { success: true });
  let data: unknown;
  await until(t, 'the service is delivered', async () => {
    const service = await call('/services/1');
    ({ data } = service);
    return service['status'] === 'active';
  });
  t.match(data, { seats: 3, state: 'active' });

  const text = await readFile(module.path, 'utf8');
  await writeFile(module.path, 'export default 7');
  await until(t, 'a mistake is reported', () => lines.some((line) => /is error: .*not a class/.test(line)));
  await writeFile(module.path, text.replace("version: '1.0.0'", "version: '1.1.0'"));
  await until(t, 'the next version is read', () => lines.includes('product/acme-key 1.1.0 is active'));
});

t.test('scripts that cannot run are named', async (t) => {
  const lines: string[] = [];
  const roots = scratchRoots(testFolder(t), (line) => void lines.push(line), false);
  const script = { name: 'acme/install', body: 'true', values: {} };
  t.match(await roots.run(100, script, neverAborted()), {
    code: 127,
    stderr: /only if this command runs as root/,
  });
  t.match(lines, [/the script acme\/install was not run/]);
});
