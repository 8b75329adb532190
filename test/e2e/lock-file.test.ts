/** The real daemon, when somebody takes its lock file or its folder away. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { CLI, type Served, surroundings } from './daemon-process.js';

const STOPPED =
  /^innkeeper: the state cannot be written any more: the file \S+lock was removed or replaced; restart the daemon/m;

function saysWhy(t: Test, served: Served): void {
  t.match(served.said(), STOPPED);
  t.equal(served.said().trim().split('\n').length, 1, 'nothing but the sentence');
}

t.test('a daemon whose lock file is deleted ends with a sentence, before another one runs', async (t) => {
  const house = await surroundings(t);
  const first = await house.serve();
  await rm(join(house.stateDir, 'agent', 'lock'));
  const second = spawn(process.execPath, [CLI, 'serve', '--config', house.configFile]);
  t.teardown(() => second.kill('SIGKILL'));
  const ready = once(second.stdout, 'data').then(() => 'the second is ready');
  t.equal(await Promise.race([first.gone, ready]), 1);
  saysWhy(t, first);
});

t.test('a daemon whose state folder is moved away ends, and writes nothing where it was', async (t) => {
  const house = await surroundings(t);
  const served = await house.serve();
  await rename(join(house.stateDir, 'agent'), join(house.stateDir, 'moved'));
  const order = { service_id: '1', email: 'anna@example.com', plan: 'basic', public_ip: '203.0.113.10' };
  const answer = await served.call('POST', '/create-site', order).catch(() => undefined);
  t.not(answer?.body['success'], true);
  t.equal(await served.gone, 1);
  saysWhy(t, served);
});
