/** Modules whose code does what it must not, and the reason that an operator reads. */

/** A sound product, with `more` in its class. */
export const sound = (name: string, more = ''): string => `
export default class Some {
  info = { type: 'product', name: '${name}', title: 'Some', description: '', version: '1.0.0', author: 'x' };
  settings = { type: 'object' };
  flow() { return {}; }
  policy() { return {}; }
  createJob() { return {}; }
  ${more}
}`;

const HANGS = /did not finish|never finishes/;
/** On a busy machine the heap is not full before the time is over. */
const FULL = /MiB of heap|did not finish|never finishes/;

export interface Accident {
  /** Before the class. */
  readonly before?: string;
  /** In the class. */
  readonly inside?: string;
  /** Null: it does no harm to anybody, and the module can be used. */
  readonly reason: RegExp | null;
}

export const ACCIDENTS: Readonly<Record<string, Accident>> = {
  'loop-at-top': { before: 'for (;;);', reason: HANGS },
  'loop-in-constructor': { inside: 'constructor() { for (;;); }', reason: HANGS },
  'loop-in-policy': { inside: 'policy() { for (;;); }', reason: HANGS },
  'endless-pattern': { before: "/^(a+)+$/.test('a'.repeat(50) + '!');", reason: HANGS },
  'await-nothing': { before: 'await new Promise(() => {});', reason: /nothing settles its top-level await/ },
  'await-beside-timer': {
    before: 'setInterval(() => {}, 1000); await new Promise(() => {});',
    reason: HANGS,
  },
  exits: { before: 'process.exit(0);', reason: /ended the process that loaded it \(exit code 0\)/ },
  'exits-later': {
    before: 'setTimeout(() => process.exit(0), 1);',
    reason: /ended the process that loaded it \(exit code 0\)/,
  },
  'kills-itself': { before: "process.kill(process.pid, 'SIGKILL');", reason: /\(signal SIGKILL\)/ },
  throws: { before: "throw new Error('no luck');", reason: /no luck/ },
  'throws-later': {
    before: "setTimeout(() => { throw new Error('from a timer'); }, 1);",
    reason: /threw after it was loaded: from a timer/,
  },
  rejects: {
    before: "void Promise.reject(new Error('nobody waits'));",
    reason: /not handle a rejected promise: nobody waits/,
  },
  'poisons-prototypes': {
    before: `for (const name of ['map', 'filter', 'flatMap', 'entries', 'join', 'includes'])
      Array.prototype[name] = () => { throw new Error('poisoned'); };
      Object.prototype.toJSON = () => 'poisoned'; Object.keys = () => ['poisoned'];`,
    reason: /./,
  },
  'replaces-json': { before: "JSON.stringify = () => 'poisoned'; JSON.parse = () => ({});", reason: null },
  'closes-descriptors': {
    before:
      "import { closeSync } from 'node:fs'; for (let fd = 0; fd < 8; fd += 1) try { closeSync(fd); } catch {}",
    reason: /ended the process that loaded it|did not finish|never finishes|EBADF/,
  },
  'heap-of-numbers': { before: 'const all = []; for (;;) all.push(Math.random());', reason: FULL },
  'heap-of-entries': {
    before: 'const all = new Map(); for (let i = 0; ; i += 1) all.set(i, { i });',
    reason: /MiB of heap|did not finish|never finishes|maximum size/,
  },
  'heap-of-keys': { before: "const all = {}; for (let i = 0; ; i += 1) all['key' + i] = i;", reason: FULL },
  'heap-of-text': {
    before: "let all = ''; for (;;) all += 'x'.repeat(1000) + Math.random();",
    reason: /MiB of heap|did not finish|never finishes|string length/,
  },
  buffers: { before: 'const all = [1, 2, 3, 4, 5, 6].map(() => Buffer.alloc(1e8));', reason: null },
  'writes-without-end': {
    before: "for (;;) console.log('x'.repeat(10_000));",
    reason: /more than 64 KiB of output/,
  },
  'declares-too-much': {
    inside: "settings = { type: 'object', description: 'x'.repeat(2 ** 21) };",
    reason: /declarations are larger than 1024 KiB/,
  },
  'declares-cycles': {
    inside: 'constructor() { this.settings.self = this.settings; }',
    reason: /circular/,
  },
  'declares-deeply': {
    inside: `constructor() {
      for (let i = 0, at = this.settings; i < 100; i += 1) at = at.properties = { x: {} };
    }`,
    reason: /nested too deeply/,
  },
  'declares-a-site-alone': {
    inside: "parts = ['site'];",
    reason: /its parts include `site` without `guest`/,
  },
};

/** The text of its module.js. */
export function accident(name: string): string {
  const { before = '', inside } = ACCIDENTS[name] ?? {};
  return `${before}\n${sound(name, inside)}`;
}
