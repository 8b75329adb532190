import t from 'tap';
import type { StepContext } from '../../src/modules/kit/context.js';
import type { ModuleInfo } from '../../src/modules/kit/module.js';
import { RecordProduct } from '../../src/modules/kit/record-product.js';
import { fakeStep } from '../fakes/step-context.js';
import { registeredProduct } from '../fakes/registered-product.js';

class Licence extends RecordProduct {
  readonly info: ModuleInfo = {
    ...{ type: 'product', name: 'licence', title: 'Licence', description: '', version: '1.0.0', author: '' },
  };
  readonly settings = { type: 'object' };
  readonly done: string[] = [];
  override readonly actions = {
    'rotate-key': {
      title: 'Rotate the key',
      input: { type: 'object', properties: { length: { type: 'integer', default: 20 } } },
      policy: { tries: 1 },
      flow: () => ({ rotate: { run: async () => ({ rotated: true }) } }),
    },
  };

  protected override create = async (): Promise<void> => void this.done.push('create');
  protected override remove = async (): Promise<void> => void this.done.push('remove');
  protected override suspend = async (): Promise<void> => void this.done.push('suspend');
  protected override unsuspend = async (): Promise<void> => void this.done.push('unsuspend');
  protected override changePlan = async ({ plan }: StepContext): Promise<void> =>
    void this.done.push(`change to ${plan.name}`);
}

t.test('a record has no parts, and the flows of its life', async (t) => {
  const { declared } = registeredProduct(new Licence());
  t.same(declared.parts, []);
  t.same([...declared.abilities].sort(), ['create', 'delete', 'setEmail', 'suspend', 'unsuspend', 'upgrade']);
  t.match(declared.actions, [
    { name: 'rotate-key', title: 'Rotate the key', description: '', input: { type: 'object' } },
  ]);
  t.same(declared.policies['module:product/licence:rotate-key'], { tries: 1 });
});

t.test('each flow calls its method; a suspension ends with its last reason only', async (t) => {
  const product = new Licence();
  const run = async (method: string, args = {}, suspendedFor: readonly ('billing' | 'abuse')[] = []) => {
    const { context } = fakeStep({ args, service: { suspendedFor } });
    for (const step of Object.values(product.flow(method))) await step.run(context);
    return product.done.splice(0);
  };
  t.same(await run('create'), ['create']);
  t.same(await run('delete'), ['remove']);
  t.same(await run('suspend'), ['suspend']);
  t.same(await run('upgrade'), ['change to basic']);
  t.same(await run('unsuspend', { reason: 'billing' }, ['billing']), ['unsuspend']);
  t.same(await run('unsuspend', { reason: 'billing' }, ['billing', 'abuse']), []);
  t.same(await run('unsuspend', { reason: 'billing' }), []);
  const { create } = product.flow('create');
  await create?.undo?.(fakeStep({}).context);
  t.same(product.done, ['remove']);
});

t.test('an action without a flow makes a module unusable', async (t) => {
  const actions: unknown = { 'rotate-key': { title: 'x' } };
  class Broken extends Licence {
    override readonly actions = actions as never;
  }
  t.throws(() => registeredProduct(new Broken()), /its action "rotate-key" has no flow/);
});
