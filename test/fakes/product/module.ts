/** A product for tests: its flow does what the job's args say. */
import { Type } from 'typebox';
import { AgentError, type ErrorCode } from '../../../src/kernel/errors.js';
import type { ContainerSource } from '../../../src/modules/kit/host-call-types.js';
import type { JobFlow, ModuleInfo } from '../../../src/modules/kit/module.js';
import { Product } from '../../../src/modules/kit/product.js';

export default class TestProduct extends Product {
  readonly info: ModuleInfo = {
    type: 'product',
    name: 'test',
    title: 'Test',
    description: '',
    version: '1.0.0',
    author: '',
  };
  readonly settings = Type.Object({});

  override readonly parts = ['guest', 'site'] as const;

  override source(): ContainerSource {
    return { kind: 'template', template: 'golden' };
  }

  createJob(): JobFlow {
    return {
      allocate: { run: async ({ container }) => container.allocate(this.source()) },
      container: {
        after: ['allocate'],
        concerns: 'container',
        run: async ({ container }) => container.ensure(this.source()),
        undo: ({ container }) => container.remove(),
      },
      dns: {
        after: ['allocate'],
        concerns: 'dns',
        run: ({ dns }) => dns.ensure(),
        undo: ({ dns }) => dns.remove(),
      },
      recipe: {
        after: ['container'],
        run: async (context) => {
          const { args, secrets, container, log } = context;
          const { behave, code } = args;
          log.info('recipe runs');
          if (behave === 'refuse') throw new AgentError(code as ErrorCode, 'as told');
          if (behave === 'throw') throw new TypeError('a defect in the module');
          if (behave === 'spin') for (;;);
          if (behave === 'exit') process.exit(3);
          if (behave === 'sleep') await context.sleep(60_000);
          const password = await secrets.ensure('admin_password');
          await container.run({ name: 'test/install', body: 'true', values: { PASSWORD: password } });
        },
      },
    };
  }

  removeJob(): JobFlow {
    return { container: { run: ({ container }) => container.remove() } };
  }

  /** Something, then the point of no return, then something more. */
  pivotJob(): JobFlow {
    return {
      before: {
        concerns: 'proxy',
        run: ({ proxy }) => proxy.ensure({ state: 'suspended', port: 80 }),
        undo: ({ proxy }) => proxy.ensure({ state: 'enabled', port: 80 }),
      },
      pivot: {
        after: ['before'],
        pivot: true,
        concerns: 'container',
        run: ({ container }) => container.stop(1),
      },
      behind: { after: ['pivot'], concerns: 'container', run: ({ container }) => container.start() },
    };
  }

  /** A second method, to fill lanes and slots. */
  pauseJob(): JobFlow {
    return { pause: { run: ({ container }) => container.start() } };
  }
}
