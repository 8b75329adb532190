/** A product that is a website in a container, behind the proxy of the agent. */
import { infoOf, type Scaffold, testHead, type Words } from './scaffold.js';

export function hostedScaffold(words: Words): Scaffold {
  return {
    summary: 'Serves a static page in a container of its own, at a name below the base domain of the agent.',
    texts: {
      en: { heading: 'Welcome to {name}', wrong_page: 'The new site does not show its own page.' },
      de: { heading: 'Willkommen bei {name}', wrong_page: 'Die neue Website zeigt nicht ihre eigene Seite.' },
    },
    conformance: CONFORMANCE,
    files: { 'scripts.js': SCRIPTS },
    module: moduleOf(words),
    test: testOf(words),
  };
}

const CONFORMANCE = `/** The environment in which \`innkeeper module check\` runs the jobs of the module. A new one is made for every run. */
export default () => ({
  settings: { source: 'template' },
  properties: { page_title: 'My page' },
  /** The response of the new site to visitors. */
  site: ({ path }) => ({
    status: path === '/' ? 200 : 404,
    headers: {},
    cookies: {},
    body: '<h1>My page</h1>',
  }),
});
`;

const SCRIPTS = `/**
 * Scripts run as root in the container, in POSIX sh with \`set -eu\`. Values are shell variables, never parts of the
 * text. Each script can run again after an interruption at any point.
 */
export const PACKAGES = \`
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -q -y install --no-install-recommends nginx-light
\`;

/** Text from customers is escaped before it becomes a part of a page. */
export const PAGE = \`
escape() { printf '%s' "$1" | sed -e 's/&/\\\\\\\\&amp;/g' -e 's/</\\\\\\\\&lt;/g' -e 's/>/\\\\\\\\&gt;/g'; }
mkdir -p /var/www/html
printf '<!doctype html><meta charset="utf-8"><h1>%s</h1>\\\\n' "$(escape "$PAGE_TITLE")" >/var/www/html/index.html.new
mv /var/www/html/index.html.new /var/www/html/index.html
rm -f /var/www/html/index.nginx-debian.html
\`;
`;

const moduleOf = (
  words: Words,
): string => `import { AgentError, HostedProduct, siteOf } from 'innkeeper/module';
import { PACKAGES, PAGE } from './scripts.js';

export default class ${words.className} extends HostedProduct {
${infoOf(words)}

  /** What the operator sets in the configuration, under \`products.${words.name}\`. */
  settings = {
    type: 'object',
    properties: {
      source: {
        type: 'string',
        enum: ['template', 'scratch'],
        default: 'template',
        description: 'Clone the golden template, or install everything in a container from the OS template',
      },
    },
    additionalProperties: false,
  };

  /** What an order may set. */
  serviceData = {
    type: 'object',
    properties: { page_title: { type: 'string', maxLength: 100, transform: ['trim'] } },
  };

  source({ source }) {
    return source === 'scratch' ? { kind: 'os' } : { kind: 'template', template: '${words.name}' };
  }

  /** How \`innkeeper template build ${words.name}\` makes the golden template. */
  template() {
    return {
      name: '${words.name}',
      scripts: [{ name: '${words.name}/packages', body: PACKAGES, timeoutS: 600 }],
      resources: { cores: 1, memoryMb: 512, swapMb: 256, diskGb: 4 },
    };
  }

  /** The recipe. It runs again after a crash. */
  async install(context) {
    const { container, settings } = context;
    if (settings.source === 'scratch')
      await container.run({ name: '${words.name}/packages', body: PACKAGES, values: {}, timeoutS: 600 });
    await container.run({
      name: '${words.name}/page',
      body: PAGE,
      timeoutS: 60,
      values: { PAGE_TITLE: titleOf(context) },
    });
  }

  /** Checks the new site as a visitor sees it. Status 200 does not prove that the right site responds. */
  async look(context) {
    const { status, body } = await context.site.fetch({ path: '/' });
    if (status !== 200)
      throw new AgentError('site_unreachable', context.t('wrong_page'), { detail: \`status \${status}\` });
    if (!body.includes(\`<h1>\${escaped(titleOf(context))}</h1>\`))
      throw new AgentError('site_wrong', context.t('wrong_page'), { detail: 'the page has another heading' });
  }
}

function titleOf({ service, t }) {
  return service.data.page_title ?? service.properties.page_title ?? t('heading', { name: siteOf(service).fqdn });
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
`;

const testOf = (words: Words): string => `${testHead(words, 'fakeService')}
test('a site is made, and everything is removed again', async () => {
  const service = fakeService({ folder, ...conformance() });
  const product = new ${words.className}();
  const job = await service.run(product, 'create');
  assert.equal(job.outcome, 'completed', job.error?.detail);
  assert.deepEqual(service.scripts.at(-1).values, { PAGE_TITLE: 'My page' });
  assert.ok(service.things.includes('proxy host'));
  assert.equal((await service.run(product, 'delete')).outcome, 'completed');
  assert.deepEqual(service.things, []);
});

test('a site that shows another page is not delivered', async () => {
  const other = () => ({ status: 200, headers: {}, cookies: {}, body: '<h1>Default page</h1>' });
  const service = fakeService({ folder, ...conformance(), site: other });
  const job = await service.run(new ${words.className}(), 'create');
  assert.equal(job.error.code, 'site_wrong');
  assert.equal((await job.undo()).outcome, 'undone');
  assert.deepEqual(service.things, []);
});
`;
