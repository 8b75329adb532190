import t from 'tap';
import { runSample, type Sample } from './sample.js';

const CT = '/nodes/N/lxc/ID';

/** A fixed few of the cells that `npm run bench -- faults` walks whole: those that found something, and one of each kind of fault. */
const SAMPLE: Sample = [
  [
    'create (template)',
    `POST ${CT}/clone`,
    'refused twice',
    '401',
    'log-in page',
    '500 own words',
    '596 after delivery',
    'lie',
    '200 with nothing',
    '500 gone once',
    'task: unexpected status, done',
    'task: WARNINGS: 1',
    'task: fails',
  ],
  ['create (template)', 'GET /nodes/N/tasks/UPID/status', 'dead'],
  ['create (template)', `PUT ${CT}/firewall/options`, 'lie'],
  ['create (template)', 'web GET', "somebody else's page"],
  ['create (template)', `POST ${CT}/status/start`, 'lie', 'task: unexpected status, not done'],
  ['create (template)', 'POST /cluster/ha/resources', 'dropped after delivery', '403'],
  ['create (template)', 'DNS PATCH', 'lie', 'cut in the middle', '401', 'redirect', 'dropped after delivery'],
  ['create (template)', 'nginx -t', 'nginx -t fails once'],
  ['create (template)', 'exec', 'dropped after', 'lock', 'killed', 'fails', 'refused key'],
  ['create, undone', `DELETE ${CT}`, '596 after delivery', 'lie', 'task: unexpected status, done'],
  ['create, undone', 'DNS PATCH', 'cut in the middle', 'dead'],
  ['upgrade, undone', `PUT ${CT}/config`, 'lie'],
  ['delete', `DELETE ${CT}`, 'lie', '596 after delivery', 'task: fails', 'task: busy', '403'],
  ['delete', 'DELETE /cluster/ha/rules/R', 'lie'],
  ['suspend', `POST ${CT}/status/shutdown`, 'lie', 'task: unexpected status, not done'],
  ['unsuspend', `POST ${CT}/status/start`, '500 lock', 'lie'],
  ['upgrade', `PUT ${CT}/resize`, 'lie', '596 after delivery', '500 own words'],
  ['add domain', 'nginx -s reload', 'reload fails'],
  ['add domain', 'look-up A', 'silent once', 'dead'],
  ['backup', `POST ${CT}/snapshot`, 'lie', '596 after delivery', 'task: fails', 'task: lock'],
  ['delete backup', `DELETE ${CT}/snapshot/S`, 'lie', '596 after delivery'],
  [
    'rollback',
    `POST ${CT}/snapshot/S/rollback`,
    'lie',
    '596 after delivery',
    'task: unexpected status, done',
  ],
  ['reset', `POST ${CT}/snapshot/S/rollback`, 'lie'],
  ['stop', `GET ${CT}/status/current`, '500 gone'],
  ['toggle', 'nginx -t', 'nginx -t fails'],
];

t.test(
  'whatever goes wrong at a call, an operation ends done, undone or stuck with an alarm, and leaves nothing behind',
  async (t) => {
    await runSample(t, SAMPLE);
  },
);
