import { join } from 'node:path';
import t from 'tap';
import { credentialFiles } from '../../../src/cli/shared/of-service.js';
import { loadConfig } from '../../../src/config/load.js';
import { testFolder } from '../../test-folder.js';

t.test('what the unit loads, drop-ins included', async (t) => {
  t.same(
    credentialFiles(`[Service]
LoadCredential=a:/etc/a
SetCredential=a:\\n
LoadCredential=b:/etc/b
# LoadCredential=c:/etc/c
LoadCredential=relative
`),
    [
      ['a', '/etc/a'],
      ['b', '/etc/b'],
    ],
  );
  t.same(credentialFiles('LoadCredential=a:/etc/a\nLoadCredential=\nLoadCredential=b:/x y\n'), [
    ['b', '/x y'],
  ]);
  t.same(credentialFiles('LoadCredential=a:/one\nLoadCredential=a:/two\n'), [['a', '/two']]);
});

t.test('a command without them reads what it was shown, and says what is missing', async (t) => {
  const dir = testFolder(t, { 'a.yaml': 'state_key: {credential: state-key}\nagent: {id: 5}\n' });
  const problems = async (credentials: ReadonlyMap<string, string> | undefined): Promise<string> =>
    loadConfig({ file: join(dir, 'a.yaml'), env: {}, ...(credentials ? { credentials } : {}) }).then(
      () => '',
      (error: unknown) => String(error),
    );
  t.match(await problems(undefined), /state_key: found no \$CREDENTIALS_DIRECTORY/);
  t.match(
    await problems(new Map()),
    /state_key: found no credential state-key, expected LoadCredential=state-key:\.\.\. in innkeeper\.service/,
  );
  t.match(await problems(new Map([['state-key', 'short']])), /state_key: found 5 characters/);
  const key = Buffer.alloc(32, 1).toString('base64');
  t.notMatch(await problems(new Map([['state-key', `${key}\n`]])), /state_key/);
});
