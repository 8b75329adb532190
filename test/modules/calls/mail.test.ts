/** Messages of modules, to a small SMTP server on loopback. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { createServer as createTlsServer } from 'node:tls';
import t, { type Test } from 'tap';
import { Secret } from '../../../src/kernel/secret.js';
import type { MailMessage } from '../../../src/modules/kit/mail-types.js';
import { selfSigned } from '../../fakes/tls-files.js';
import { moduleCalls } from './harness.js';

interface Got {
  readonly commands: string[];
  readonly lines: string[];
}

/** Answers each command with 250, except those in `answers`. */
async function smtp(
  t: Test,
  answers: Readonly<Record<string, string>> = {},
  tls?: { cert: string; key: string },
) {
  const got: Got = { commands: [], lines: [] };
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write('220 test ESMTP\r\n');
    let isData = false;
    createInterface({ input: socket }).on('line', (line) => {
      if (isData) {
        if (line === '.') {
          isData = false;
          socket.write(`${answers['.'] ?? '250 queued'}\r\n`);
        } else got.lines.push(line);
        return;
      }
      got.commands.push(line);
      const [word = ''] = line.split(' ');
      isData = word === 'DATA';
      const usual = {
        EHLO: '250-test\r\n250 AUTH PLAIN',
        DATA: '354 go on',
        AUTH: '235 ok',
        QUIT: '221 bye',
      };
      const answer =
        answers[word] ?? Object.entries(usual).find(([known]) => known === word)?.[1] ?? '250 ok';
      if (answer !== '') socket.write(`${answer}\r\n`);
    });
  };
  const server: Server = tls ? createTlsServer(tls, serve) : createServer(serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { got, port: (server.address() as AddressInfo).port };
}

const message = (port: number, also: Partial<MailMessage> = {}): MailMessage => ({
  server: { host: '127.0.0.1', port, security: 'none' },
  ...{ from: 'Shop <shop@example.com>', to: ['anna@example.com'], subject: 'Grüße', text: 'Hallo Anna' },
  ...also,
});

t.test('a message is sent over TLS, with a login that the module does not know', async (t) => {
  const certificate = await selfSigned();
  const { got, port } = await smtp(t, {}, certificate);
  const { call, secrets } = await moduleCalls(t);
  secrets.set('smtp', new Secret('canary-Ml90'));
  const server = {
    host: '127.0.0.1',
    port,
    security: 'tls',
    user: 'shop',
    password: { secret: 'smtp' },
  } as const;
  await t.rejects(call('mail.send', message(port, { server })), {
    code: 'remote_unreachable',
    detail: /self-signed/,
  });
  t.same(got.commands, [], 'nothing is sent to a server that is not trusted');
  const sent = await call(
    'mail.send',
    message(port, {
      server: { ...server, ca: certificate.cert },
      ...{
        cc: ['bert@example.com'],
        bcc: ['carl@example.com'],
        html: '<p>Hallo</p>',
        messageId: '<a1@example.com>',
      },
    }),
  );
  t.match(sent, {
    messageId: '<a1@example.com>',
    accepted: ['anna@example.com', 'bert@example.com', 'carl@example.com'],
    rejected: [],
  });
  const login = got.commands.find((line) => line.startsWith('AUTH PLAIN')) ?? '';
  t.equal(Buffer.from(login.split(' ')[2] ?? '', 'base64').toString(), '\0shop\0canary-Ml90');
  const mail = got.lines.join('\n');
  t.match(mail, /From: Shop <shop@example.com>/);
  t.match(mail, /Message-ID: <a1@example.com>/);
  t.match(mail, /<p>Hallo<\/p>/);
  t.notMatch(mail, /carl/, 'a blind copy is not named');
  t.notMatch(JSON.stringify(sent), /canary/);
});

t.test('what a server refuses for good or for now, and one that is silent', async (t) => {
  const { call } = await moduleCalls(t);
  const cases: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{ RCPT: '550 no such user' }, 'remote_failed'],
    [{ RCPT: '450 try again later' }, 'remote_unreachable'],
    [{ '.': '554 looks like spam' }, 'remote_failed'],
    [{ EHLO: '' }, 'remote_unreachable'],
  ];
  for (const [answers, code] of cases) {
    const { port } = await smtp(t, answers);
    await t.rejects(call('mail.send', message(port, { timeoutS: 0.5 })), { code }, JSON.stringify(answers));
  }
  await t.rejects(call('mail.send', message(1)), { code: 'remote_unreachable', detail: /ECONNREFUSED/ });
  const { got, port } = await smtp(t);
  await t.rejects(
    call('mail.send', message(port, { server: { host: '127.0.0.1', port, security: 'starttls' } })),
    { code: /remote_/ },
    'a server without STARTTLS',
  );
  t.notOk(
    got.commands.some((line) => line.startsWith('MAIL')),
    'nothing is sent in the clear',
  );
  const refusing = await smtp(t, { AUTH: '535 wrong password' });
  const server = {
    host: '127.0.0.1',
    port: refusing.port,
    security: 'none',
    user: 'a',
    password: 'canary-Xx',
  } as const;
  const error: unknown = await call('mail.send', message(0, { server })).catch((thrown: unknown) => thrown);
  t.match(error, { code: 'remote_failed', retryable: false });
  t.notMatch(`${String(error)} ${String(Reflect.get(Object(error), 'detail'))}`, /canary/);
});

t.test('a message that could carry something else is refused', async (t) => {
  const { got, port } = await smtp(t);
  const { raw } = await moduleCalls(t);
  for (const also of [
    { subject: 'a\r\nBcc: all@example.com' },
    { from: 'a@example.com\nX-Evil: 1' },
    { to: [] },
    { to: ['nobody'] },
    { to: Array.from({ length: 51 }, () => 'a@example.com') },
    {
      to: Array.from({ length: 30 }, () => 'a@example.com'),
      bcc: Array.from({ length: 21 }, () => 'b@example.com'),
    },
    { text: undefined },
    { text: { path: '/etc/passwd' } },
    { html: { href: 'http://127.0.0.1/' } },
    { attachments: [{ path: '/etc/passwd' }] },
    { server: { host: '127.0.0.1', port, user: 'a' } },
    { messageId: 'no id' },
  ]) {
    const given = Object.fromEntries(
      Object.entries({ ...message(port), ...also }).filter(([, value]) => value !== undefined),
    );
    await t.rejects(
      raw('mail.send', given),
      { code: 'module_failed', retryable: false },
      JSON.stringify(also).slice(0, 60),
    );
  }
  t.same(got.commands, []);
});
