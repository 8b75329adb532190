import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from 'tap';
import { makeCertificate } from '../fakes/certificate.js';
import { Type, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { parse } from 'yaml';
import { DEFAULT_PLANS } from '../../src/config/default-plans.js';
import { loadConfig } from '../../src/config/load.js';
import { ConfigSchema } from '../../src/config/schema.js';
import { anyNameSchema, isMapping, isSecretSchema, said } from '../../src/config/schema-walk.js';
import { PERMISSIONS } from '../../src/model/permissions.js';
import { testFolder } from '../test-folder.js';

const EXAMPLE = 'config/innkeeper.example.yaml';

/** Takes the `#` from the blocks that are switched off. */
function switchedOn(text: string): string {
  let inside: string | undefined;
  const lines = text.split('\n').map((line) => {
    const start = /^( *)#[a-z][a-z0-9_]*:/.exec(line)?.[1];
    if (start !== undefined) inside = start;
    else if (inside !== undefined && !line.startsWith(`${inside}#  `)) inside = undefined;
    return inside === undefined ? line : inside + line.slice(inside.length + 1);
  });
  return lines.join('\n');
}

interface Key {
  readonly path: string;
  readonly schema: TSchema;
}

/** All keys of the schema; `*` stands for an entry of a list or a name of the operator's choice. */
function* keysOf(schema: TSchema, path = ''): Generator<Key> {
  if (isSecretSchema(schema)) return;
  if (Type.IsObject(schema))
    for (const [name, child] of Object.entries(schema.properties)) {
      const at = path === '' ? name : `${path}.${name}`;
      yield { path: at, schema: child };
      yield* keysOf(child, at);
    }
  const each = Type.IsArray(schema) ? schema.items : anyNameSchema(schema);
  if (each) yield* keysOf(each, `${path}.*`);
}

/** What stands under a path in the example; `*` takes the first. */
function lookUp(value: unknown, path: string): { found: boolean; value: unknown } {
  let at = value;
  for (const name of path.split('.')) {
    if (name === '*') at = Object.values(isMapping(at) || Array.isArray(at) ? at : {})[0];
    else if (isMapping(at) && Object.hasOwn(at, name)) at = at[name];
    else return { found: false, value: undefined };
  }
  return { found: true, value: at };
}

const squeezed = (text: string): string => text.replace(/\s*#\s*/g, ' ').replace(/\s+/g, ' ');

t.test('the example names every key with its sentence, and its default', async (t) => {
  const text = switchedOn(await readFile(EXAMPLE, 'utf8'));
  const content: unknown = parse(text);
  const prose = squeezed(text);
  let keys = 0;
  for (const { path, schema } of keysOf(ConfigSchema)) {
    keys += 1;
    const { found, value } = lookUp(content, path);
    if (!found) t.fail(`${path} is missing`);
    const sentence = said(schema, 'description');
    if (typeof sentence !== 'string' || !prose.includes(squeezed(sentence)))
      t.fail(`${path} has no sentence`);
    const standard = said(schema, 'default');
    const plain = Type.IsInteger(schema) || Type.IsBoolean(schema) || Type.IsString(schema);
    if (plain && standard !== undefined && value !== standard) t.fail(`${path} is not the default`);
    if (
      Type.IsInteger(schema) &&
      !prose.includes(` ${String(said(schema, 'minimum'))} to ${String(said(schema, 'maximum'))}`)
    )
      t.fail(`${path} does not tell its range`);
  }
  t.ok(keys > 100, `${keys} keys`);
});

/** Panels that send it for every product would sell the one plan that has it as an alias. */
const BILLING_CYCLE =
  /\b(?:hour|dai|week|month|quarter|(?:semi|bi)[- ]?annual|annual|year|bienni|trienni|one[- ]?time|recurring|free account)/i;

t.test('no shipped plan can be reached by the name of a billing cycle', async (t) => {
  const shipped = [
    ...DEFAULT_PLANS.flatMap(({ name, aliases }) => [name, ...aliases]),
    ...wordsIn(parse(switchedOn(await readFile(EXAMPLE, 'utf8')))),
    ...wordsIn(parse(await readFile('config/plans.yaml', 'utf8'))),
  ];
  t.ok(shipped.length >= 12, `${shipped.length} words`);
  for (const word of shipped) t.notMatch(word, BILLING_CYCLE, word);
  for (const cycle of ['Monthly', 'Semi-Annually', 'Biennially', 'One Time']) t.match(cycle, BILLING_CYCLE);
});

function wordsIn(file: unknown): string[] {
  const plans: unknown = isMapping(file) ? file['plans'] : [];
  if (!Array.isArray(plans)) throw new Error('the file has no plans');
  return plans.flatMap(({ name, aliases }: { name: string; aliases: string[] }) => [name, ...aliases]);
}

async function installed(dir: string, text: string): Promise<string> {
  const file = join(dir, 'innkeeper.yaml');
  const { cert, key } = await makeCertificate(['api.example.net']);
  const sshKey = '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n';
  const named = [...text.matchAll(/\bsecrets\/[\w-]+/g)].map(([name]) => [name, 'x'.repeat(40)] as const);
  const files: Readonly<Record<string, string>> = {
    ...Object.fromEntries<string>(named),
    'innkeeper.yaml': text,
    'secrets/proxmox-token': 'a-token\n',
    'secrets/state-key': Buffer.alloc(32, 1).toString('base64'),
    'secrets/state-key-former': Buffer.alloc(32, 2).toString('base64'),
    'credentials/alert-url': 'https://alerts.example.net/hook',
    'credentials/alert-secret': 'x'.repeat(20),
    'credentials/ssh-key': sshKey,
    'credentials/proxy-key': sshKey,
    'tls/api.pem': cert,
    'tls/api-key.pem': key,
    'tls/lab-ca.pem': cert,
    'tls/lab-ca-key.pem': key,
    known_hosts: '',
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), content, { mode: 0o600 });
  }
  return file;
}

t.test('the example loads, and also with everything switched on', async (t) => {
  const dir = testFolder(t);
  const text = await readFile(EXAMPLE, 'utf8');
  const env = { CREDENTIALS_DIRECTORY: join(dir, 'credentials') };
  const off = await loadConfig({ file: await installed(dir, text), env });
  t.match(off, {
    api: { tls: null, tokens: [] },
    exec: { ssh: null },
    state_key: null,
    plans: DEFAULT_PLANS,
  });
  t.equal(off.container_host.proxmox.token_secret.reveal(), 'a-token');
  t.equal(off.api.socket, '/var/lib/innkeeper/innkeeper.sock');
  t.equal(off.dns.powerdns?.zone, 'sites.example.net');
  const on = await loadConfig({
    file: await installed(dir, switchedOn(text).replace(/^ +command: .*\n/m, '')),
    env,
  });
  t.match(on, {
    api: { tls: { cert_file: join(dir, 'tls/api.pem') }, tokens: [{ name: 'paymenter' }] },
    exec: { ssh: { hosts: { pve2: { host: '10.0.0.2', port: 22 } } } },
    proxy: { ssh: { host: '10.0.0.3', port: 22, user: 'root' } },
    plans: [{ name: 'basic', aliases: ['WordPress Basic'], memoryMb: 2048 }],
  });
  t.ok(on.state_key);
});

t.test('the shipped plans are the same in the file and in the program', async (t) => {
  const dir = testFolder(t);
  const text = (await readFile(EXAMPLE, 'utf8')).replace(
    'plans_file:',
    `plans_file: ${join(process.cwd(), 'config/plans.yaml')}`,
  );
  const config = await loadConfig({ file: await installed(dir, text), env: {} });
  t.same(config.plans, DEFAULT_PLANS);
});

t.test('tokens in the file may have just the permissions that there are', async (t) => {
  const keys = [...keysOf(ConfigSchema)];
  const schema = keys.find(({ path }) => path === 'api.tokens.*.permissions')?.schema;
  const check = Compile(schema ?? Type.Never());
  for (const permission of [
    ...PERMISSIONS,
    'module:plugin/monitoring:view',
    'module:payment/x-y:configuration',
  ])
    t.ok(check.Check([permission]), permission);
  for (const permission of [
    'root',
    'module:plugin/monitoring',
    'module:plugin/../x:view',
    'module:plugin/x:',
  ])
    t.notOk(check.Check([permission]), permission);
});

t.test('what the docs, the sandbox and the examples order is among the shipped plans', async (t) => {
  const names = DEFAULT_PLANS.map(({ name }) => name);
  const files = [
    'README.md',
    'docs/api.md',
    'docs/installing.md',
    'docs/operating.md',
    'docs/sandbox.md',
    'src/http/schemas/examples.ts',
    'src/sandbox/intro.ts',
    'src/sandbox/demo-run.ts',
  ];
  const ordered = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, 'utf8');
      return [...text.matchAll(/["']?plan["']?: ["']([^"']+)["']/g)].map(
        ([, plan = '']) => `${plan} in ${file}`,
      );
    }),
  );
  const words = ordered.flat();
  t.ok(words.length >= 5, words.join(', '));
  for (const word of words)
    t.ok(
      names.some((name) => word.startsWith(`${name} in `)),
      word,
    );
});
