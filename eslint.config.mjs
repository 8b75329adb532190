import { readFileSync } from 'node:fs';
import tseslint from 'typescript-eslint';
import { commentWidth } from './test/lint/comment-width.mjs';
import { plainWords } from './test/lint/plain-words.mjs';

const EVERYWHERE = [
  { selector: "CallExpression[callee.name='exec']", message: 'argv only, never a shell string' },
  {
    selector: "MemberExpression[object.name='AbortSignal'][property.name='any']",
    message: 'leaks in Node 20: take anySignal of kernel/async/any-signal.ts',
  },
  {
    selector: "ImportSpecifier[imported.name='domainToASCII']",
    message: 'it cuts and repairs what is no name: take readHostName of kernel/host-name.ts',
  },
];

/**
 * Waiting within a signal has one form for each purpose, in src/kernel/async/: none of them leaves a listener or a
 * timer behind.
 */
const BY_HAND = [
  {
    selector: "CallExpression[callee.property.name='addEventListener'][arguments.0.value='abort']",
    message: 'stays with a signal that lives on: take onAbort of kernel/async/on-abort.ts',
  },
  {
    selector: "NewExpression[callee.name='Promise'] > TSTypeParameterInstantiation > TSNeverKeyword",
    message: 'a race by hand: take orAbort of kernel/async/race.ts, or withLimit',
  },
  {
    selector: "MemberExpression[property.name='signal'] > NewExpression[callee.name='AbortController']",
    message: 'nothing ever aborts it: say neverAborted() of kernel/async/never.ts',
  },
  {
    selector: "VariableDeclarator[id.type='ObjectPattern'] > NewExpression[callee.name='AbortController']",
    message: 'nothing ever aborts it: say neverAborted() of kernel/async/never.ts',
  },
  {
    selector: "ForStatement > .update CallExpression[callee.object.name='Math'][callee.property.name='min']",
    message: 'a pause that grows: take poll, retry or growing of kernel/async/',
  },
  {
    selector:
      "MemberExpression[property.name=/^(catch|then)$/] > CallExpression.object:matches([callee.property.name='sleep'], [callee.name='sleep'])",
    message: 'an early end is no error: take pause, Alarm or orSleep of kernel/async/',
  },
  {
    selector:
      "NewExpression[callee.name='Promise'] > ArrowFunctionExpression > CallExpression.body[callee.name='setTimeout']",
    message: 'a sleep by hand: take clock.sleep, or pause of kernel/async/pause.ts',
  },
  {
    selector:
      "NewExpression[callee.name='Promise'] > ArrowFunctionExpression > UnaryExpression.body > CallExpression[callee.name='setTimeout']",
    message: 'a sleep by hand: take clock.sleep, or pause of kernel/async/pause.ts',
  },
];
const BY_NODES_TIMERS = {
  selector:
    "ImportDeclaration[source.value='node:timers/promises'] > ImportSpecifier[imported.name='setTimeout']",
  message: 'time is an argument: take clock.sleep, or pause of kernel/async/pause.ts',
};

/** Whatever is imported by a path that is not written here may be code of another author. */
const BY_PATH = {
  selector: "ImportExpression[source.type!='Literal']",
  message: 'module code runs apart: only jobs/engine/import-module.ts imports by a path',
};

/**
 * What a module keeps for itself all its callers share, tests too, and nobody can end it. Frozen tables, typed
 * Readonly, stay.
 */
const STATE_OF_A_MODULE = [
  {
    selector: ":matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration[kind!='const']",
    message: 'no module-level state: keep it in a closure made in boot, and pass it on',
  },
  {
    selector:
      ":matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration > VariableDeclarator:not([id.typeAnnotation.typeAnnotation.typeName.name=/^Readonly/]) > NewExpression:not([callee.name='RegExp'])",
    message:
      'no module-level state: keep it in a closure made in boot, or type it Readonly if nothing changes it',
  },
  {
    selector:
      ':matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration > VariableDeclarator > ArrayExpression[elements.length=0]',
    message: 'no module-level state: keep it in a closure made in boot, and pass it on',
  },
  {
    selector: 'PropertyDefinition[static=true][readonly!=true]',
    message: 'no module-level state: keep it in an object, and pass that on',
  },
];

/**
 * The rules that need types are checked by oxlint, which takes an eighth of ESLint's CPU time for them. ESLint stops
 * with an error at a rule that needs types and is in neither list.
 */
const { rules: typed } = JSON.parse(readFileSync(new URL('.oxlintrc.json', import.meta.url), 'utf8'));
const BY_OXLINT = [
  ...Object.keys(typed).map((name) => name.replace('typescript/', '@typescript-eslint/')),
  // oxlint has no such rule: its no-unsafe-assignment reports the instances as well
  '@typescript-eslint/no-unsafe-class-instance-assignment',
  // a function that implements an asynchronous interface need not wait for anything
  '@typescript-eslint/require-await',
];

export default tseslint.config(
  { ignores: ['dist/**', '.builds/**', 'node_modules/**', '.tap/**'] },
  ...tseslint.configs.strictTypeChecked,
  {
    plugins: { innkeeper: { rules: { 'comment-width': commentWidth, 'plain-words': plainWords } } },
    rules: {
      ...Object.fromEntries(BY_OXLINT.map((name) => [name, 'off'])),
      'innkeeper/comment-width': 'error',
      '@typescript-eslint/consistent-type-assertions': [
        'error',
        { assertionStyle: 'as', objectLiteralTypeAssertions: 'never' },
      ],
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_$' }],
      'no-restricted-syntax': ['error', ...EVERYWHERE],
    },
  },
  {
    files: ['src/**/*.ts', 'modules/**/*.ts'],
    ignores: ['src/kernel/async/**', 'src/kernel/clock.ts', 'src/sandbox/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...EVERYWHERE,
        ...STATE_OF_A_MODULE,
        ...BY_HAND,
        BY_NODES_TIMERS,
        BY_PATH,
      ],
    },
  },
  {
    files: ['src/kernel/async/**/*.ts', 'src/kernel/clock.ts'],
    rules: { 'no-restricted-syntax': ['error', ...EVERYWHERE, ...STATE_OF_A_MODULE] },
  },
  {
    // the look-alike has the machine's time, and its answers have the real ones' delays
    files: ['src/sandbox/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...EVERYWHERE, ...STATE_OF_A_MODULE, ...BY_HAND] },
  },
  { files: ['src/**/*.ts', 'modules/**/*.ts'], rules: { 'innkeeper/plain-words': 'error' } },
);
