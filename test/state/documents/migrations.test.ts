import { cp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { systemClock } from '../../../src/kernel/clock.js';
import { VERSIONS } from '../../../src/state/documents/migrations.js';
import { openState } from '../../../src/state/open.js';
import { fields } from '../../http/harness.js';
import { MemoryDisk } from '../memory-disk.js';
import { KEY, openServices } from '../samples.js';
import { testFolder } from '../../test-folder.js';

/** One folder per form that a program has ever written; made by that program. */
const FIXTURES = join(process.cwd(), 'test/fixtures/state');
const FOLDERS: Readonly<Record<string, keyof typeof VERSIONS>> = {
  services: 'service',
  tokens: 'token',
  domains: 'domain',
  acme: 'acmeAccount',
  zones: 'zone',
  remembered: 'remembered',
  alerts: 'alert',
  reservations: 'reservation',
  plans: 'plan',
  tasks: 'task',
  instances: 'instance',
  servers: 'server',
  'module-work': 'moduleWork',
  'module-records': 'module',
  epochs: 'logEpoch',
};
const SERVICE_2 = 'services/c0/default~2.json';

async function tree(dir: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of (await readdir(dir, { recursive: true })).sort())
    if (!name.startsWith('lock') && (await stat(join(dir, name))).isFile())
      found[name] = await readFile(join(dir, name), 'utf8');
  return found;
}

const schemaIn = (text: string | undefined): unknown => fields(JSON.parse(text ?? '{}'))['schema'];

async function opened(dir: string) {
  const warnings: string[] = [];
  const warn = (message: string, detail: string): void => void warnings.push(`${message}: ${detail}`);
  return { state: await openState({ dir, key: KEY, clock: systemClock, warn }), warnings };
}

t.test('there is a folder of every version of every kind of document', async (t) => {
  const seen = new Set<string>();
  for (const folder of await readdir(FIXTURES))
    for (const [path, text] of Object.entries(await tree(join(FIXTURES, folder)))) {
      const kind = FOLDERS[path.split('/')[0] ?? ''];
      if (kind !== undefined) seen.add(`${kind} ${String(schemaIn(text))}`);
    }
  for (const [kind, { current }] of Object.entries(VERSIONS))
    for (let n = 1; n <= current; n += 1) t.ok(seen.has(`${kind} ${n}`), `${kind} ${n}`);
});

t.test(
  'what every earlier release has written is read, with its secrets, and stays as it was until it is changed',
  async (t) => {
    for (const folder of await readdir(FIXTURES)) {
      const dir = join(testFolder(t), folder);
      await cp(join(FIXTURES, folder), dir, { recursive: true });
      const before = await tree(dir);
      const first = await opened(dir);
      const { services, tokens, domains, archive } = first.state;
      t.same(first.warnings, [], `${folder}: nothing is odd`);
      t.same(
        [...services.entries()].map(({ id }) => id),
        folder.startsWith('v3') ? ['1', '2', '3', '4'] : ['1', '2', '3'],
      );
      const three = await services.get('default/3');
      t.match(three, {
        lifecycle: 'suspended',
        deletion: null,
        site: { subdomain: 'site3', fqdn: 'site3.sites.test', proxyEnabled: true },
        guest: { vmid: 10_003, node: 'pve1', lastBackup: null },
      });
      if (folder.startsWith('v3')) t.match(await services.get('default/4'), { guest: null, site: null });
      t.equal(three.secrets['admin']?.reveal(), 'admin of 3');
      const [server] = first.state.servers.list();
      t.equal(server?.credentials['token']?.reveal(), folder === 'v3-servers' ? 'token of web1' : undefined);
      const late = folder !== 'v1-first';
      t.same(three.suspendedFor, late ? ['abuse'] : ['billing']);
      t.equal(three.site?.primaryDomain, late ? 'example.com' : 'site3.sites.test');
      t.equal(tokens.find('tok_1')?.former.length, late ? 1 : 0);
      t.equal(domains.list()[0]?.certificate?.key.reveal(), late ? 'key of example.com' : undefined);
      t.match(await archive.find('019b7c9a-9f88-7000-8000-000000000009'), { key: 'default/1' });
      const untouched = await tree(dir);
      for (const [path, text] of Object.entries(before))
        if (path.endsWith('.json')) t.equal(untouched[path], text, `${path} is as it was`);

      await services.commit('default/3', (now) => ({ ...(now ?? three), email: 'new@example.org' }));
      await tokens.commit('tok_1', (now) => {
        if (!now) throw new Error('missing');
        return { ...now, revokedAt: now.createdAt };
      });
      await first.state.close();
      const after = await tree(dir);
      t.equal(schemaIn(after['services/d5/default~3.json']), VERSIONS.service.current);
      t.equal(schemaIn(after['tokens/tok_1.json']), VERSIONS.token.current);
      t.equal(after[SERVICE_2], before[SERVICE_2], 'only what was changed has the new form');

      const again = await opened(dir);
      t.match(await again.state.services.get('default/3'), { email: 'new@example.org', generation: 1 });
      t.equal((await again.state.services.get('default/3')).secrets['admin']?.reveal(), 'admin of 3');
      await again.state.close();
    }
  },
);

t.test('a power cut while a document gets its new form leaves the old or the new one', async (t) => {
  const text = await readFile(join(FIXTURES, 'v1-first', SERVICE_2), 'utf8');
  const withOld = async (): Promise<MemoryDisk> => {
    const disk = new MemoryDisk();
    for (const folder of ['/state', '/state/services', '/state/services/c0']) await disk.mkdir(folder);
    await disk.write(`/state/${SERVICE_2}`, text);
    for (const folder of ['/state/services/c0', '/state/services', '/state', '/'])
      await disk.syncFolder(folder);
    return disk;
  };
  const begun = (await withOld()).steps;
  const change = async (disk: MemoryDisk): Promise<void> => {
    const { services } = await openServices(disk);
    await services.commit('default/2', (now) => {
      if (!now) throw new Error('missing');
      return { ...now, email: 'new@example.org' };
    });
  };
  const whole = await withOld();
  await change(whole);
  const forms = new Set<string>();
  for (let cut = begun; cut <= whole.steps; cut += 1) {
    const disk = await withOld();
    disk.cutAt = cut;
    await change(disk).catch(() => {});
    for (const found of disk.afterPowerCut()) {
      const { services, warnings } = await openServices(found);
      const service = await services.get('default/2');
      forms.add(service.email);
      if (services.damaged.length + warnings.length > 0) t.fail(`cut ${cut}: ${warnings.join()}`);
      if (service.secrets['admin']?.reveal() !== 'admin of 2') t.fail(`cut ${cut}: the secret is lost`);
      if (service.site?.primaryDomain !== 'site2.sites.test') t.fail(`cut ${cut}: it is not migrated`);
    }
  }
  t.same([...forms].sort(), ['a@example.org', 'new@example.org']);
});

t.test('a state of a newer release is refused by name and version, and left as it is', async (t) => {
  for (const [path, kind] of [
    ['tokens/tok_2.json', 'token'],
    ['services/d5/default~3.json', 'service'],
    ['acme/new.json', 'acmeAccount'],
  ] as const) {
    const dir = join(testFolder(t), kind);
    await cp(join(FIXTURES, 'v1-last'), dir, { recursive: true });
    await writeFile(join(dir, path), JSON.stringify({ schema: 7, id: 'new' }));
    // all that a start would tidy away
    await writeFile(join(dir, 'tokens', 'tok_1.json'), '{');
    await writeFile(join(dir, SERVICE_2), '{');
    await writeFile(join(dir, 'zones', 'x.json.tmp'), '{');
    await writeFile(join(dir, 'services', 'c0', 'default~2.json.tmp'), '{');
    await writeFile(join(dir, 'events', '2020-01-01.ndjson'), '{}\n');
    const before = await tree(dir);
    await t.rejects(opened(dir), {
      code: 'state_unavailable',
      message: 'The state was written by a newer release of Innkeeper.',
      detail: `${join(dir, path)} has schema version 7, and this release understands versions up to ${VERSIONS[kind].current}. Install the newer release again, or restore a backup of the state folder from before the upgrade.`,
    });
    t.same(await tree(dir), before, `${kind}: nothing was changed`);
  }
});
