/** A product of somebody else's, whose step has the accident that the job's args name. */
import { writeSync } from 'node:fs';
import { Type } from 'typebox';
import type { JsonObject } from '../../../src/kernel/json.js';
import type { StepContext } from '../../../src/modules/kit/context.js';
import type { JobFlow, ModuleInfo } from '../../../src/modules/kit/module.js';
import { Product } from '../../../src/modules/kit/product.js';

type Accident = (context: StepContext) => unknown;

const endless = (): never => {
  for (;;);
};

/** Ends after the process, or never. */
const wait = (context: StepContext): Promise<void> => context.sleep(600_000);

export const ACCIDENTS: Readonly<Record<string, Accident>> = {
  numbers() {
    const all: number[] = [];
    for (;;) all.push(all.length);
  },
  map() {
    const all = new Map<number, number>();
    for (;;) all.set(all.size, 1);
  },
  keys() {
    const all: Record<string, number> = {};
    for (let n = 0; ; n += 1) all[`key${n}`] = n;
  },
  concat() {
    const all: string[] = [];
    for (let text = 'x'; ; text += `${text.slice(-500)}${all.length}`) {
      // a text that was put together is flat, and takes its own memory, once one looks into it
      if (text.lastIndexOf('nowhere') < 0) all.push(text);
    }
  },
  objects() {
    const all: object[] = [];
    for (;;) all.push({ n: all.length });
  },
  async buffers(context) {
    const all: Buffer[] = [];
    for (let mb = 0; mb < 600; mb += 50) all.push(Buffer.alloc(50 * 1024 ** 2, 1));
    await wait(context);
    return all.length;
  },
  regex: () => /^(a+)+$/.test(`${'a'.repeat(60)}!`),
  loop: endless,
  async forever() {
    await new Promise(() => {});
  },
  exit: () => process.exit(3),
  'exit-well': () => process.exit(0),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  abort: () => process.abort(),
  async 'late-throw'(context) {
    setTimeout(() => {
      throw new Error('thrown behind its back');
    }, 5);
    await wait(context);
  },
  async rejected(context) {
    void Promise.reject(new Error('nobody waits for this'));
    await wait(context);
  },
  async prototypes(context) {
    JSON.stringify = () => '{{{';
    await context.note({ a: 1 });
  },
  async flood() {
    // past the shell, to the pipe itself
    const line = `${JSON.stringify({ kind: 'log', level: 'info', step: 'accident', message: 'raw', fields: {} })}\n`;
    for (;;) {
      try {
        writeSync(3, line.repeat(100));
      } catch {
        // the pipe is full
      }
    }
  },
  'large-message': () => {
    for (;;) {
      try {
        writeSync(3, 'x'.repeat(100_000));
      } catch {
        // the pipe is full
      }
    }
  },
  async stdout() {
    for (let n = 0; n < 2_000; n += 1) console.log('x'.repeat(100_000));
  },
  async lines({ log }) {
    for (let n = 0; n < 200_000; n += 1) log.info('spam', { n });
  },
  async calls(context) {
    let refused = 0;
    const all: Promise<void>[] = [];
    for (let n = 0; n < 100_000; n += 1)
      all.push(
        context.container.look().then(
          () => undefined,
          () => {
            refused += 1;
          },
        ),
      );
    context.log.info('all were made');
    await Promise.all(all);
    await context.saveData({ refused });
  },
  async data({ saveData }) {
    await saveData({ text: 'x'.repeat(20_000_000) });
  },
  async bigint({ saveData }) {
    await saveData({ n: 1n } as unknown as JsonObject);
  },
  result: () => ({ when: new Date() }),
};

export default class AccidentProduct extends Product {
  readonly info: ModuleInfo = {
    type: 'product',
    name: 'accident',
    title: 'Accident',
    description: '',
    version: '1.0.0',
    author: '',
  };
  readonly settings = Type.Object({});

  createJob(): JobFlow {
    return {
      first: { run: async () => 'done' },
      accident: {
        after: ['first'],
        run: async (context) => {
          const { args, service, saveData } = context;
          const name = args['behave'] ?? service.properties['behave'];
          const accident = typeof name === 'string' ? ACCIDENTS[name] : undefined;
          const result = await accident?.(context);
          await saveData({ survived: true });
          return name === 'result' ? (result as never) : undefined;
        },
      },
    };
  }

  suspendJob = (): JobFlow => ({});
  unsuspendJob = (): JobFlow => ({});
  deleteJob = (): JobFlow => ({});
}
