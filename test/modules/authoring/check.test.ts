import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { checkModule } from '../../../src/modules/authoring/check/check-module.js';
import { CHECK_LINES, type CheckLine } from '../../../src/modules/authoring/check/lines.js';
import { writeModule } from '../../../src/modules/authoring/new/write-module.js';
import { shippedModules } from '../../../src/modules/loader.js';
import { testFolder } from '../../test-folder.js';

/** A product on another system, which does everything right. */
const MODULE = `
import { AgentError, RecordProduct } from 'innkeeper/module';

export default class Box extends RecordProduct {
  info = { type: 'product', name: 'acme-box', title: 'Box', description: 'A box', version: '1.0.0', author: 'Acme' };
  settings = {
    type: 'object',
    properties: { url: { type: 'string', default: 'https://box.test', description: 'Address of the API' } },
    additionalProperties: false,
  };
  productData = { type: 'object', properties: { gb: { type: 'integer', default: 1 } } };

  async create({ http, settings, service, plan, secrets, saveData, note, log, t }) {
    const { status, body } = await http.request({ url: settings.url + '/boxes/' + service.id, method: 'PUT', json: { gb: plan.data.gb } });
    if (status !== 200) throw new AgentError('remote_failed', t('failed', { status }));
    const { password } = JSON.parse(body);
    await secrets.put('password', password);
    /* leak */
    await saveData({ box: service.id });
  }

  async remove({ http, settings, service }) {
    const { status } = await http.request({ url: settings.url + '/boxes/' + service.id, method: 'DELETE' });
    /* removed */
  }
}
`;

const CONFORMANCE = `
export default () => {
  const boxes = [];
  return {
    settings: { url: 'https://box.test' },
    plan: { data: { gb: 5 } },
    http({ method, url }) {
      const id = url.split('/').at(-1);
      if (method === 'POST') boxes.push(id + '-' + boxes.length);
      if (method === 'PUT' && !boxes.includes(id)) boxes.push(id);
      if (method !== 'DELETE') return { json: { password: 'canary-' + id } };
      const at = boxes.indexOf(id);
      if (at >= 0) boxes.splice(at, 1);
      return { status: at >= 0 ? 204 : 404 };
    },
    things: () => boxes.map((id) => 'box ' + id),
  };
};
`;

type Files = Readonly<Record<string, string | null>>;
const FILES: Files = {
  'package.json': '{"type":"module"}',
  'module.js': MODULE,
  'conformance.js': CONFORMANCE,
  'lang/en.json': '{"failed": "The box cannot be made ({status})."}',
  'lang/de.json': '{"failed": "Die Box kann nicht angelegt werden ({status})."}',
  'README.md': `# Box\n\n${'Sells boxes on another system. '.repeat(4)}\n`,
  'CHANGELOG.md': '# Changelog\n\n## 1.0.0\n\n- First.\n',
};

/** Replaces a part of the module, which must exist. */
const with_ = (part: string, other: string): Files => {
  if (!MODULE.includes(part)) throw new Error(`the module does not contain ${part}`);
  return { 'module.js': MODULE.replace(part, other) };
};

async function folderWith(t: Test, changes: Files, name = 'acme-box'): Promise<string> {
  const folder = join(testFolder(t), 'product', name);
  for (const [path, text] of Object.entries({ ...FILES, ...changes })) {
    if (text === null) continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

const wrongLines = async (folder: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await checkModule(folder))
      .filter(({ problems }) => problems.length > 0)
      .map(({ line, problems }) => [line, problems.join('\n')]),
  );

t.test('a module that does everything right passes all lines', async (t) => {
  const lines = await checkModule(await folderWith(t, {}));
  t.same(
    lines.flatMap(({ line, problems, skipped }) =>
      [...problems, skipped].map((one) => one && `${line}: ${one}`),
    ),
    lines.map(() => null),
  );
});

/** One module that is broken on purpose for every line: what is changed, and what the suite says about it. */
const BROKEN: Readonly<Record<CheckLine, readonly [changes: Files, problem: RegExp, name?: string]>> = {
  structure: [{ 'addon.node': '' }, /addon\.node is a native add-on/],
  name: [with_("name: 'acme-box'", "name: 'wordpress'"), /product\/wordpress is shipped/, 'wordpress'],
  imports: [
    {
      'late.js':
        "export const late = () => import('innkeeper/module/testing');\nimport '../acme-other/module.js';",
    },
    /may import only innkeeper\/module\n.*not in the folder/,
  ],
  declarations: [with_("description: 'A box'", "description: ''"), /info\.description is empty/],
  data: [{ 'conformance.js': CONFORMANCE.replace('gb: 5', "gb: 'many'") }, /plan\.data\.gb must be integer/],
  texts: [
    { 'lang/de.json': '{"failed": "Fehler {code}", "more": "mehr"}' },
    /"failed" needs the values code, in English status\n.*"more", which lang\/en\.json lacks/,
  ],
  views: [{ 'views/page.eta': '<p><%~ it.name %></p>' }, /views\/page\.eta: <%~ it\.name %> is not escaped/],
  readme: [{ 'README.md': null }, /does not contain README\.md/],
  changelog: [{ 'CHANGELOG.md': '# Changelog\n\n## 0.9.0\n' }, /no heading for the version 1\.0\.0/],
  version: [{ '.innkeeper-versions.json': '{"1.0.0": "0"}' }, /changed since version 1\.0\.0 was packed/],
  abilities: [
    with_(
      '/* removed */\n  }',
      '}\n  startJob = () => ({ start: { run: ({ container }) => container.start() } });',
    ),
    /start: .*needs the part "guest"/,
  ],
  completes: [with_('/* leak */', 'undefined.x;'), /create: the step "create" fails/],
  repeated: [
    with_("method: 'PUT'", "method: 'POST'"),
    /every step has run twice there is too much: box 12-1/,
  ],
  failed: [
    with_("method: 'DELETE'", "method: 'GET'"),
    /after the undo, when .*secrets\.put.* is refused, there is too much: box 12/,
  ],
  undone: [
    with_('/* removed */', "if (status === 404) throw new AgentError('remote_failed', 'It is gone.');"),
    /when every undo runs twice, the step "create" fails: It is gone/,
  ],
  killed: [
    with_(
      "method: 'PUT'",
      "method: await (async () => { if (service.data.box) return 'PUT'; await saveData({ box: 1 }); return 'POST'; })()",
    ),
    /when the process is killed after the call \S+ .*there is too much: box 12/,
  ],
  secrets: [
    with_('/* leak */', 'await saveData({ password });'),
    /the secret "password" is in the data of the service/,
  ],
};

t.test('a module that is broken on purpose is refused by the line', async (t) => {
  t.same(Object.keys(BROKEN), Object.keys(CHECK_LINES), 'there is one for each line');
  for (const [line, [changes, problem, name]] of Object.entries(BROKEN)) {
    const wrong = await wrongLines(await folderWith(t, changes, name));
    t.match(wrong[line], problem, line);
  }
});

t.test('code that hangs, exits or throws elsewhere is a finding that names the job', async (t) => {
  const saysOf = async (code: string): Promise<string | undefined> =>
    (await wrongLines(await folderWith(t, with_('/* leak */', code))))['completes'];
  t.match(await saysOf('process.exit(3);'), /the job create: its code ended the process/);
  t.match(
    await saysOf(
      "setTimeout(() => { throw new Error('late'); }); await log.info('x'); await new Promise((r) => setTimeout(r, 50));",
    ),
    /threw outside of a step: late/,
  );
});

t.test('every new module passes all lines', async (t) => {
  const dir = testFolder(t);
  for (const [type, kind] of [
    ['product', 'record'],
    ['product', 'guest'],
    ['product', 'hosted'],
    ['product', 'remote'],
    ['plugin', undefined],
    ['notification', undefined],
    ['payment', undefined],
  ] as const) {
    const name = `acme-${kind ?? 'demo'}`;
    await writeModule({ type, name, kind, dir, author: 'Acme', now: new Date() });
    t.same(await wrongLines(join(dir, type, name)), {}, `${type} ${kind ?? ''}`);
  }
});

t.test('the command prints every line, and its exit code says whether the module passes', async (t) => {
  const cli = join(dirname(shippedModules()), 'src/innkeeper.cjs');
  const run = (folder: string, ...more: string[]) =>
    spawnSync(process.execPath, [cli, 'module', 'check', folder, ...more], { encoding: 'utf8' });
  const good = run(await folderWith(t, {}));
  t.equal(good.status, 0, good.stderr);
  t.match(good.stdout, /ok +secrets +no secret is in data[^]*The module passes all lines\./);
  const bad = run(await folderWith(t, { 'README.md': null }), '--json');
  t.equal(bad.status, 1);
  t.match(JSON.parse(bad.stdout), { ok: false });
});
