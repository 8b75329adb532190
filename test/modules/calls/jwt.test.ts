/** JSON Web Tokens: made and checked, also against a known one. */
import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { Secret } from '../../../src/kernel/secret.js';
import { moduleCalls } from './harness.js';

t.test('a token is accepted with its key, until it expires', async (t) => {
  const { call, secrets, clock } = await moduleCalls(t);
  secrets.set('key', new Secret('k'.repeat(32)));
  const key = { secret: 'key' };
  const token = await call('crypto.signJwt', {
    ...{ algorithm: 'HS256', key, claims: { sub: 'shop', iss: 'us', aud: 'them', n: { a: [1] } } },
    ...{ expiresInS: 60, keyId: 'k1' },
  });
  t.match(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()), {
    ...{ alg: 'HS256', kid: 'k1' },
  });
  const verify = (also: object = {}): Promise<unknown> =>
    call('crypto.verifyJwt', { algorithm: 'HS256', key, token, ...also });
  t.match(await verify({ issuer: 'us', audience: 'them' }), {
    ...{ valid: true, problem: null, claims: { sub: 'shop', n: { a: [1] }, iat: clock.now() / 1000 } },
  });
  for (const wrong of [
    { issuer: 'others' },
    { audience: 'others' },
    { key: 'l'.repeat(32) },
    { token: `${token}x` },
    { token: 'nothing' },
    { algorithm: 'HS512' },
    { token: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.split('.')[1] ?? ''}.` },
  ])
    t.match(
      await verify(wrong),
      { valid: false, claims: null, problem: /./ },
      JSON.stringify(wrong).slice(0, 40),
    );
  clock.jump(61_000);
  t.match(await verify(), { valid: false, problem: /exp/ });
});

t.test('a token of another program is accepted', async (t) => {
  const { call } = await moduleCalls(t);
  // the example of jwt.io
  const token =
    'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c';
  const check = { algorithm: 'HS256', key: 'your-256-bit-secret', token } as const;
  t.match(await call('crypto.verifyJwt', check), { valid: true, claims: { name: 'John Doe' } });
});

t.test('key pairs work, and a key of another kind is a mistake of the module', async (t) => {
  const { call, secrets } = await moduleCalls(t);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  for (const [algorithm, pair] of [
    ['RS256', rsa],
    ['ES256', ec],
  ] as const) {
    const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    secrets.set('private', new Secret(pem));
    const token = await call('crypto.signJwt', { algorithm, key: { secret: 'private' }, claims: { a: 1 } });
    const key = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    t.match(await call('crypto.verifyJwt', { algorithm, key, token }), { valid: true, claims: { a: 1 } });
  }
  for (const [algorithm, key] of [
    ['RS256', { secret: 'private' }],
    ['ES256', 'canary-Jw12'],
  ] as const) {
    const error: unknown = await call('crypto.signJwt', { algorithm, key, claims: {} }).catch(
      (e: unknown) => e,
    );
    t.match(error, { code: 'module_failed', retryable: false }, algorithm);
    t.notMatch(`${String(error)} ${String(Reflect.get(Object(error), 'detail'))}`, /canary|BEGIN/);
  }
});
