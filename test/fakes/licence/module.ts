/** A product without a container and without a site, with an action of its own. */
import type { StepContext } from '../../../src/modules/kit/context.js';
import type { ModuleInfo } from '../../../src/modules/kit/module.js';
import { RecordProduct } from '../../../src/modules/kit/record-product.js';

export default class Licence extends RecordProduct {
  readonly info: ModuleInfo = {
    ...{ type: 'product', name: 'licence', title: 'Licence', description: '', version: '1.0.0', author: '' },
  };
  readonly settings = { type: 'object' };
  override readonly productData = {
    type: 'object',
    properties: { seats: { type: 'integer', minimum: 1, default: 5 } },
  };
  override readonly serviceData = {
    type: 'object',
    properties: { holder: { type: 'string', default: 'nobody' }, state: { type: 'string' } },
  };
  override readonly actions = {
    'rotate-key': {
      title: 'Rotate the key',
      input: {
        type: 'object',
        properties: { length: { type: 'integer', minimum: 8, maximum: 64, default: 20 } },
        additionalProperties: false,
      },
      flow: () => ({
        rotate: {
          run: async ({ args, saveData }: StepContext) =>
            saveData({ state: `key of ${JSON.stringify(args['length'])}` }),
        },
      }),
    },
    fail: {
      title: 'Fail',
      policy: { tries: 1 },
      flow: () => ({
        mark: {
          run: async ({ saveData }: StepContext) => saveData({ state: 'marked' }),
          undo: async ({ saveData }: StepContext) => saveData({ state: 'taken back' }),
        },
        break: {
          after: ['mark'],
          run: async (): Promise<void> => {
            throw new Error('as it was meant to');
          },
        },
      }),
    },
  };

  protected override async create({ saveData, plan }: StepContext): Promise<void> {
    await saveData({ state: `created for ${JSON.stringify(plan.data?.['seats'])}` });
  }

  protected override async suspend({ saveData }: StepContext): Promise<void> {
    await saveData({ state: 'suspended' });
  }

  protected override async unsuspend({ saveData }: StepContext): Promise<void> {
    await saveData({ state: 'resumed' });
  }

  protected override async changePlan({ saveData, plan }: StepContext): Promise<void> {
    await saveData({ state: `changed to ${JSON.stringify(plan.data?.['seats'])}` });
  }
}
