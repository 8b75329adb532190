/** A product that runs in a container and has no website. */
import { infoOf, type Scaffold, testHead, type Words } from './scaffold.js';

export function guestScaffold(words: Words): Scaffold {
  return {
    summary:
      'Runs a small server in a container of its own. A plan holds the greeting that the server sends.',
    texts: {
      en: { not_running: 'The server does not run after its installation.' },
      de: { not_running: 'Der Server läuft nach seiner Installation nicht.' },
    },
    conformance: CONFORMANCE,
    files: { 'scripts.js': SCRIPTS },
    module: moduleOf(words),
    test: testOf(words),
  };
}

const CONFORMANCE = `/** The environment in which \`innkeeper module check\` runs the jobs of the module. A new one is made for every run. */
export default () => ({
  settings: { port: 7000 },
  plan: { data: { greeting: 'hello' } },
  /** What the scripts print in the container. */
  script: ({ name }) => (name.endsWith('/verify') ? { stdout: 'running\\n' } : undefined),
});
`;

const SCRIPTS = `/**
 * Scripts run as root in the container, in POSIX sh with \`set -eu\`. Values are shell variables, never parts of the
 * text. Each script can run again after an interruption at any point.
 */
export const INSTALL = \`
printf '%s\\\\n' "$GREETING" >/etc/greeting.new
printf 'PORT=%s\\\\nTOKEN=%s\\\\n' "$PORT" "$TOKEN" >/etc/greeting.env.new
chmod 600 /etc/greeting.env.new
mv /etc/greeting.new /etc/greeting
mv /etc/greeting.env.new /etc/greeting.env
\`;

/** Prints \\\`running\\\` if the server has its configuration. */
export const VERIFY = \`
if [ -s /etc/greeting ] && [ -s /etc/greeting.env ]; then echo running; else echo stopped; fi
\`;
`;

const moduleOf = (words: Words): string => `import { AgentError, GuestProduct } from 'innkeeper/module';
import { INSTALL, VERIFY } from './scripts.js';

export default class ${words.className} extends GuestProduct {
${infoOf(words)}

  /** What the operator sets in the configuration, under \`products.${words.name}\`. */
  settings = {
    type: 'object',
    properties: {
      port: {
        type: 'integer',
        minimum: 1024,
        maximum: 65535,
        default: 7000,
        description: 'The port on which the server listens',
      },
    },
    additionalProperties: false,
  };

  /** What a plan holds. */
  productData = {
    type: 'object',
    properties: { greeting: { type: 'string', maxLength: 100, default: 'hello' } },
    additionalProperties: false,
  };

  /** Containers are created from the OS template of the configuration. */
  source() {
    return { kind: 'os' };
  }

  /** The recipe. It runs again after a crash. */
  async install({ container, plan, secrets, settings }) {
    await container.run({
      name: '${words.name}/install',
      body: INSTALL,
      timeoutS: 600,
      values: {
        GREETING: plan.data.greeting,
        PORT: String(settings.port),
        // a reference: module code never gets the text of a secret
        TOKEN: await secrets.ensure('token', 32),
      },
    });
  }

  /** An exit code of 0 does not prove that the server works. */
  async verify({ container, t }) {
    const { stdout } = await container.run({ name: '${words.name}/verify', body: VERIFY, values: {}, timeoutS: 60 });
    if (stdout.trim() !== 'running')
      throw new AgentError('recipe_failed', t('not_running'), { detail: \`it says "\${stdout.trim()}"\` });
  }
}
`;

const testOf = (words: Words): string => `${testHead(words, 'fakeService')}
test('a container is made, installed and removed', async () => {
  const service = fakeService({ folder, ...conformance() });
  const product = new ${words.className}();
  const job = await service.run(product, 'create');
  assert.equal(job.outcome, 'completed', job.error?.detail);
  assert.deepEqual(service.scripts[0].values, { GREETING: 'hello', PORT: '7000', TOKEN: { secret: 'token' } });
  assert.ok(service.things.includes('container'));
  assert.equal((await service.run(product, 'delete')).outcome, 'completed');
  assert.deepEqual(service.things, []);
});

test('a server that does not run is a failed installation', async () => {
  const service = fakeService({ folder, ...conformance(), script: () => ({ stdout: 'stopped' }) });
  const job = await service.run(new ${words.className}(), 'create');
  assert.equal(job.outcome, 'failed');
  assert.equal(job.error.code, 'recipe_failed');
  assert.equal((await job.undo()).outcome, 'undone');
  assert.deepEqual(service.things, []);
});
`;
