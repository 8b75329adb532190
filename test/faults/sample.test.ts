import t from 'tap';
import { runSample, type Sample } from './sample.js';

const CT = '/nodes/N/lxc/ID';

/**
 * A fixed few of the cells that `npm run bench -- faults` walks whole: each kind of fault once where it is met first,
 * and each kind of call that changes something.
 */
const SAMPLE: Sample = [
  ['create (template)', `POST ${CT}/clone`, '596 after delivery', '500 gone once'],
  ['create (template)', `PUT ${CT}/firewall/options`, 'lie'],
  ['create (template)', 'web GET', "somebody else's page"],
  ['create (template)', `POST ${CT}/status/start`, 'task: unexpected status, not done'],
  ['create (template)', 'POST /cluster/ha/resources', 'dropped after delivery'],
  ['create (template)', 'DNS PATCH', 'cut in the middle', 'redirect'],
  ['create (template)', 'nginx -t', 'nginx -t fails once'],
  ['create (template)', 'exec', 'dropped after', 'killed'],
  ['create, undone', `DELETE ${CT}`, 'task: unexpected status, done'],
  ['upgrade, undone', `PUT ${CT}/config`, 'lie'],
  ['delete', `DELETE ${CT}`, 'lie', 'task: busy', '403'],
  ['delete', 'DELETE /cluster/ha/rules/R', 'lie'],
  ['suspend', `POST ${CT}/status/shutdown`, 'lie'],
  ['unsuspend', `POST ${CT}/status/start`, '500 lock'],
  ['upgrade', `PUT ${CT}/resize`, '500 own words'],
  ['add domain', 'nginx -s reload', 'reload fails'],
  ['add domain', 'look-up A', 'silent once', 'dead'],
  // as many as the plan keeps
  ['backup', `POST ${CT}/snapshot`, 'lie', '200 with nothing', 'log-in page', 'refused twice', 'task: lock'],
  ['delete backup', `DELETE ${CT}/snapshot/S`, '596 after delivery'],
  ['rollback', `POST ${CT}/snapshot/S/rollback`, 'lie'],
  ['reset', `POST ${CT}/snapshot/S/rollback`, '401', 'task: fails', 'task: WARNINGS: 1'],
  ['reset', 'GET /nodes/N/tasks/UPID/status', 'dead'],
  ['reset password', 'exec', 'lock', 'refused key'],
  ['stop', `GET ${CT}/status/current`, '500 gone'],
  ['toggle', 'nginx -t', 'nginx -t fails'],
];

t.test(
  'whatever goes wrong at a call, an operation ends done, undone or stuck with an alarm, and leaves nothing behind',
  async (t) => {
    await runSample(t, SAMPLE);
  },
);
