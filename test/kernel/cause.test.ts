import t from 'tap';
import { causeOf, whyOf } from '../../src/kernel/cause.js';
import { cleaned } from '../../src/kernel/text.js';

t.test('a cause is the sentence and the words of the system, on one line', async (t) => {
  const message = 'The container host reported a failure.';
  t.equal(
    causeOf({ message, detail: 'task vzclone 9001: clone failed: no space left' }),
    'The container host reported a failure: task vzclone 9001: clone failed: no space left',
  );
  t.equal(causeOf({ message }), 'The container host reported a failure');
  t.equal(causeOf({ message, detail: message }), 'The container host reported a failure');
  t.equal(
    whyOf({ message, detail: 'x', step: 'container' }),
    ' At the step "container": The container host reported a failure: x.',
  );
  t.equal(whyOf(undefined), '');
  t.equal(whyOf({ message, step: '' }), ' The container host reported a failure.');
});

t.test('what others say is cleaned: no control characters, no stack, bounded, its end kept', async (t) => {
  t.equal(cleaned('\u001b[31mE:\u001b[0m one\r\ntwo\u0000\u202Ethree\t four'), 'E: one two three four');
  t.equal(cleaned('Error: it broke\n    at go (file:///x.js:1:2)\n    at run (y.js:3)'), 'Error: it broke');
  const long = cleaned(`begin ${'x'.repeat(5000)} dpkg: no space left`);
  t.ok(long.length <= 300, String(long.length));
  t.match(long, /^begin x+ \.\.\. x+ dpkg: no space left$/);
});

t.test('nothing that opens anything is told', async (t) => {
  for (const [said, told] of [
    ['401 PVEAPIToken=a@pve!b=11111111-2222 refused', '401 PVEAPIToken=a@pve!b=... refused'],
    ['sent Authorization: Bearer ik_abcdefgh12345678', 'sent Authorization: Bearer ...'],
    ['wp: password=hunter2hunter2, host=x', 'wp: password=..., host=x'],
    ['{"password": "hunter2 hunter2", "a": 1}', '{"password": ..., "a": 1}'],
    ['fetch https://user:hunter2@dns.example/ failed', 'fetch https://...@dns.example/ failed'],
    ['-----BEGIN PRIVATE KEY-----\nMIIhunter2\n-----END PRIVATE KEY----- was read', '(key) was read'],
  ] as const)
    t.equal(cleaned(said), told);
});
