import { join } from 'node:path';
import t from 'tap';
import type { Service } from '../../src/model/service.js';
import { AgentError, toRecord } from '../../src/kernel/errors.js';
import { instrument, type CallEnd } from '../../src/drivers/shared/instrument.js';
import { makeMetrics } from '../../src/metrics/metrics.js';
import { timedFileSystem } from '../../src/state/files/timed-file-system.js';
import type { FileOperationEnd } from '../../src/state/contract.js';
import { nodeFileSystem } from '../../src/state/files/file-system.js';
import { sampleJob, sampleService } from '../state/samples.js';
import { testFolder } from '../test-folder.js';

const AT = '2026-01-02T03:04:05.000Z';

t.test(
  'operations, waits, retries, crashes and undos are counted from what becomes of the documents',
  async (t) => {
    const metrics = makeMetrics();
    let before: Service | undefined;
    const becomes = (...jobs: Service['jobs']): void => {
      const next = sampleService('1', { jobs });
      metrics.serviceChanged(next, before);
      before = next;
    };
    const queued = sampleJob({ status: 'queued', startedAt: null });
    const running = { ...queued, status: 'running' as const, startedAt: '2026-01-02T03:04:06.000Z' };
    const error = { ...toRecord(new AgentError('dns_failed', 'x')), step: 'dns' };
    becomes(queued);
    becomes(running);
    becomes({ ...running, status: 'waiting', error });
    becomes({ ...running, error });
    becomes({ ...running, status: 'queued', crashes: 1, error });
    becomes({
      ...running,
      status: 'queued',
      direction: 'undo',
      crashes: 0,
      error: { ...error, code: 'job_crashed' as const },
    });
    becomes({ ...running, status: 'failed', direction: 'undo', endedAt: '2026-01-02T03:04:25.000Z' });
    becomes(sampleJob({ method: 'suspend', endedAt: AT, status: 'completed' }));
    const text = await metrics.text();
    for (const line of [
      'innkeeper_operations_total{method="create",result="failed"} 1',
      'innkeeper_operations_total{method="suspend",result="completed"} 1',
      'innkeeper_job_duration_seconds_sum{method="create"} 20',
      'innkeeper_job_wait_duration_seconds_sum{interactive="false"} 1',
      'innkeeper_job_retries_total{method="create",code="dns_failed"} 1',
      'innkeeper_job_crashes_total{method="create"} 2',
      'innkeeper_job_undos_total{method="create"} 1',
    ])
      t.ok(text.includes(`${line}\n`), line);
  },
);

t.test('drivers do what they did, and every call is told with its end', async (t) => {
  const ends: CallEnd[] = [];
  const lines: object[] = [];
  const ear = {
    heard: (end: CallEnd) => void ends.push(end),
    log: { debug() {}, info() {}, warn() {}, error() {} },
  };
  class Driver {
    readonly #greeting = 'hello';
    readonly capabilities = { records: true };
    async greet(name: string): Promise<string> {
      return `${this.#greeting} ${name}`;
    }
    async fail(call: object): Promise<void> {
      throw new AgentError('dns_refused', `no ${typeof call}`);
    }
    place(): string {
      return 'pve1';
    }
    async close(): Promise<void> {}
  }
  const driver = instrument('dns', new Driver(), ear);
  t.equal(await driver.greet('you'), 'hello you');
  const log = { ...ear.log, debug: (fields: object) => void lines.push(fields) };
  const call = { signal: new AbortController().signal, notes: {}, note: async () => {}, log };
  await t.rejects(driver.fail(call), { code: 'dns_refused' });
  t.equal(driver.place(), 'pve1');
  t.same(driver.capabilities, { records: true });
  await driver.close();
  t.match(ends, [
    { driver: 'dns', call: 'greet', result: 'ok' },
    { driver: 'dns', call: 'fail', result: 'dns_refused' },
  ]);
  t.equal(ends.length, 2);
  t.match(lines, [{ driver: 'dns', call: 'fail', result: 'dns_refused' }], 'in the words of its own job');
});

t.test('writes are timed, and those that fail are told by their code', async (t) => {
  const ends: FileOperationEnd[] = [];
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
  const fs = timedFileSystem(
    { ...nodeFileSystem, append: async () => Promise.reject(full) },
    (end) => void ends.push(end),
  );
  const file = join(testFolder(t), 'a');
  await fs.write(file, 'x');
  await t.rejects(fs.append(file, 'y'), full);
  await fs.unlink(`${file}-none`).catch(() => {});
  t.equal(await fs.read(file), 'x');
  t.match(ends, [
    { operation: 'write', code: undefined },
    { operation: 'append', code: 'ENOSPC' },
  ]);
  t.equal(ends.length, 2, 'to remove what is not there is no failure');
});

t.test('no label holds what callers can choose freely', async (t) => {
  const metrics = makeMetrics();
  metrics.answered({ method: 'BREW', route: undefined, status: 404, ms: 1, mainThreadMs: 0 });
  metrics.answered({ method: 'GET', route: '/services/:id', status: 200, ms: 1, mainThreadMs: 0 });
  const text = await metrics.text();
  t.ok(text.includes('innkeeper_http_requests_total{method="other",route="none",status="404"} 1'));
  t.ok(text.includes('innkeeper_http_requests_total{method="GET",route="/services/:id",status="200"} 1'));
});
