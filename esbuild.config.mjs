/** What a build consists of; `build.mjs` decides when and where. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, cp, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

const files = (folder, wanted) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name}`)
    .filter((name) => wanted.test(name));

/**
 * `Type.Script` and `Type.TemplateLiteral` parse TypeScript, and nothing here uses them. The bundler keeps their
 * parser, because they are members of a namespace that is exported as a whole. Without it, every thread of a job loads
 * 45 KB less. A pattern that cannot be parsed is an ordinary pattern of a text.
 */
const withoutScript = {
  name: 'without-type-script',
  setup({ onLoad }) {
    const absent = (name) =>
      `export function ${name}() { throw new Error('Type.${name} is not part of the agent'); }`;
    onLoad({ filter: /typebox\/build\/type\/script\/script\.mjs$/ }, () => ({ contents: absent('Script') }));
    onLoad({ filter: /typebox\/build\/type\/engine\/patterns\/template\.mjs$/ }, () => ({
      contents: absent('TemplateLiteral').replace(
        'function TemplateLiteral',
        'function ParseTemplateIntoTypes',
      ),
    }));
    onLoad({ filter: /typebox\/build\/type\/engine\/patterns\/pattern\.mjs$/ }, () => ({
      contents: 'export function ParsePatternIntoTypes() { return []; }',
    }));
  },
};

/**
 * The command line, the entries of a job's thread and process and of the process that reads modules, and the shipped
 * modules in `outdir`, sharing chunks so that classes keep one identity.
 */
export const program = (outdir) => ({
  ...common(outdir),
  entryPoints: [
    'src/cli.ts',
    'src/jobs/engine/worker.ts',
    'src/modules/discovery/reader.ts',
    'src/modules/collections/migrate-main.ts',
    'src/modules/requests/request-main.ts',
    'src/modules/discovery/parent-watch.ts',
    'src/modules/discovery/write-declarations.ts',
    'src/jobs/engine/process-main.ts',
    'src/jobs/engine/kit-hook.ts',
    'src/modules/authoring/module.ts',
    'src/modules/authoring/testing.ts',
    'src/modules/authoring/check/runs-main.ts',
    ...files('modules', /^modules\/[^/]+\/[^/]+\/(module|conformance)\.ts$/),
  ],
  chunkNames: 'chunks/[name]-[hash]',
});

/**
 * The tests in `outdir`, with the sources that they import. Shared chunks with the program would split the program
 * into many more files, which a start of the daemon would have to load.
 */
export const tests = (outdir) => ({
  ...common(outdir),
  entryPoints: files('test', /\.ts$/),
  chunkNames: 'test-chunks/[name]-[hash]',
});

const common = (outdir) => ({
  outdir,
  outbase: '.',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  // the daemon keeps its sources in memory, and twice as large when one remark has a letter outside Latin-1
  minifyWhitespace: true,
  lineLimit: 200,
  legalComments: 'linked',
  external: [
    'tap',
    'cpu-features',
    '*.node',
    'esbuild',
    'fast-check',
    'autocannon',
    'prettier',
    'typescript',
  ],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; import { fileURLToPath as __fileURLToPath } from 'node:url'; import { dirname as __dirnameOf } from 'node:path'; const require = __createRequire(import.meta.url); const __filename = __fileURLToPath(import.meta.url); const __dirname = __dirnameOf(__filename);",
  },
  // proxmox-api would bring a second, older undici of its own
  alias: { undici: 'undici' },
  define: {
    'process.env.INNKEEPER_VERSION': JSON.stringify(JSON.parse(readFileSync('package.json', 'utf8')).version),
  },
  plugins: [withoutScript],
  logLevel: 'warning',
});

const entry = (path) => ({ types: `./types/${path}.d.ts`, default: `./src/${path}.js` });

/** The part of package.json about what authors of modules use. */
const PUBLISHED = {
  bin: { innkeeper: 'src/innkeeper.cjs' },
  exports: {
    './module': entry('modules/authoring/module'),
    './module/testing': entry('modules/authoring/testing'),
    './package.json': './package.json',
  },
  files: ['chunks', 'declarations', 'docs', 'docs-page', 'modules', 'src', 'types', '!**/*.map'],
};

/** Makes all that a build consists of in `outdir`. */
export async function bundle(outdir, withTests) {
  const { name, version, description, license, type, engines } = JSON.parse(
    readFileSync('package.json', 'utf8'),
  );
  await build(program(outdir));
  if (withTests) await build(tests(outdir));

  await build({
    entryPoints: ['src/innkeeper.cts'],
    outfile: `${outdir}/src/innkeeper.cjs`,
    bundle: true,
    external: ['./cli.js'],
    format: 'cjs',
    platform: 'node',
    // an older Node must be able to read it, to say that it is too old
    target: 'node12.20',
    define: { 'process.env.INNKEEPER_ENGINES': JSON.stringify(engines.node) },
  });

  // The texts, templates and pages of the shipped modules.
  for (const name of files('modules', /^modules\/[^/]+\/[^/]+\/(lang\/|views\/|[A-Z]+\.md$)/))
    await cp(name, `${outdir}/${name}`);

  // The files of /docs, as the browser gets them.
  const page = 'src/http/routes/docs/page';
  const swaggerUi = 'node_modules/@fastify/swagger-ui/static';
  for (const [from, to] of [
    [`${page}/index.html`, 'index.html'],
    [`${page}/page.css`, 'page.css'],
    [`${page}/page.mjs`, 'page.js'],
    [`${swaggerUi}/swagger-ui.css`, 'swagger-ui.css'],
    [`${swaggerUi}/swagger-ui-bundle.js`, 'swagger-ui-bundle.js'],
  ])
    await cp(from, `${outdir}/docs-page/${to}`);

  // The folder is what gets installed, wherever: node must know there, too, that these are modules. It is also what
  // authors of modules install (pack.mjs). All dependencies are bundled.
  const manifest = { name, version, description, license, type, engines, private: true, ...PUBLISHED };
  await writeFile(`${outdir}/package.json`, `${JSON.stringify(manifest, undefined, 2)}\n`);
  await chmod(`${outdir}/src/innkeeper.cjs`, 0o755);
  execFileSync(process.execPath, [`${outdir}/src/modules/discovery/write-declarations.js`], {
    stdio: 'inherit',
  });
  // the daemon's user must be able to read them
  for (const file of files(`${outdir}/declarations`, /./)) await chmod(file, 0o644);
}
