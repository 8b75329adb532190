import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { openHouse } from '../e2e/harness.js';

t.test('what a working daemon tells is good Prometheus text, with a figure of every kind', async (t) => {
  const house = await openHouse(t);
  await house.make('1');
  await house.post('/action/mkbak', { service_id: '1' });
  await house.post('/delete-site', { service_id: '1' });
  const text = await house.text('/metrics');
  const promtool = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [promtool.stdout, promtool.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  promtool.stdin.end(text);
  await once(promtool, 'exit');
  t.equal(said, '');
  t.equal(promtool.exitCode, 0);
  for (const name of [
    ...[
      'operations_total',
      'job_duration_seconds_bucket',
      'step_duration_seconds_bucket',
      'jobs',
      'services',
    ],
    ...[
      'driver_calls_total',
      'http_requests_total',
      'state_write_duration_seconds_bucket',
      'pool_used',
      'pool_size',
    ],
    ...['certificate_left_seconds', 'cluster_view_age_seconds', 'oldest_job_age_seconds'],
  ])
    t.match(text, new RegExp(`^innkeeper_${name}(\\{.*\\})? [0-9.e+-]+$`, 'm'), name);
  t.match(text, /^nodejs_eventloop_lag_p99_seconds /m);
  t.match(text, /^process_resident_memory_bytes /m);
  t.notMatch(text, /default\/1|s1\.sandbox/, 'no service is named');
});
