/** Digests, signatures and logins, compared with Node's and with known values. */
import { createHash, createHmac } from 'node:crypto';
import t from 'tap';
import { Secret } from '../../../src/kernel/secret.js';
import { moduleCalls } from './harness.js';

t.test('a digest and an HMAC over parts with secrets', async (t) => {
  const { call, secrets } = await moduleCalls(t);
  secrets.set('merchant', new Secret('pässword'));
  secrets.set('key', new Secret(Buffer.from([0, 255, 7]).toString('base64')));
  t.equal(
    await call('crypto.digest', { algorithm: 'md5', parts: ['100:', { secret: 'merchant' }] }),
    createHash('md5').update('100:pässword').digest('hex'),
  );
  t.equal(
    await call('crypto.hmac', {
      algorithm: 'sha256',
      key: 'key',
      parts: ['The quick brown fox jumps over the lazy dog'],
    }),
    'f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8',
    'the known value',
  );
  const parts = ['a', { base64: 'AAE=' }] as const;
  t.equal(
    await call('crypto.hmac', {
      ...{ algorithm: 'sha512', parts, encoding: 'base64url' },
      key: { secret: 'key', encoding: 'base64' },
    }),
    createHmac('sha512', Buffer.from([0, 255, 7]))
      .update('a')
      .update(Buffer.from([0, 1]))
      .digest('base64url'),
  );
  await t.rejects(call('crypto.digest', { algorithm: 'sha1', parts: [{ secret: 'none' }] }), {
    code: 'module_failed',
    detail: 'none',
  });
});

t.test('only the right signature is verified, in each encoding', async (t) => {
  const { call, secrets } = await moduleCalls(t);
  secrets.set('webhook', new Secret('whsec'));
  for (const encoding of ['hex', 'base64', 'base64url'] as const) {
    const signature = createHmac('sha256', 'whsec').update('1.body').digest(encoding);
    const verify = (given: string, body = 'body'): Promise<boolean> =>
      call('crypto.verify', {
        ...{ algorithm: 'sha256', key: { secret: 'webhook' }, parts: ['1.', body], encoding },
        signature: given,
      });
    t.equal(await verify(signature), true);
    t.equal(await verify(signature, 'Body'), false);
    t.equal(await verify(''), false);
    t.equal(await verify(signature.slice(0, -2)), false);
    t.equal(await verify(`${signature}00`), false);
    t.equal(await verify(`${signature}!`), false, 'what the decoder would skip');
    t.equal(await verify(signature.replace(/^./, (first) => (first === 'a' ? 'b' : 'a'))), false);
  }
  const upper = createHmac('sha256', 'whsec').update('x').digest('hex').toUpperCase();
  const call2 = { algorithm: 'sha256', key: { secret: 'webhook' }, parts: ['x'], signature: upper } as const;
  t.equal(await call('crypto.verify', call2), true);
});

t.test('a header of basic authentication is compared', async (t) => {
  const { call, secrets } = await moduleCalls(t);
  secrets.set('password', new Secret('a:b'));
  const check = (header: string): Promise<boolean> =>
    call('crypto.basic', { header, user: 'hook', password: { secret: 'password' } });
  const of = (login: string): string => Buffer.from(login).toString('base64');
  t.equal(await check(`Basic ${of('hook:a:b')}`), true);
  t.equal(await check(`basic ${of('hook:a:b')}`), true);
  for (const header of [
    '',
    'Basic',
    `Basic ${of('hook:a')}`,
    `Bearer ${of('hook:a:b')}`,
    `Basic ${of('Hook:a:b')}`,
  ])
    t.equal(await check(header), false, header);
});
