/** Support subscriptions: each service is a key that the support desk can check. */
import { Type } from 'typebox';
import type { StepContext } from '../../../src/modules/kit/context.js';
import type { ModuleInfo } from '../../../src/modules/kit/module.js';
import { RecordProduct } from '../../../src/modules/kit/record-product.js';
import { checkKey, checkRoute } from './check.js';
import { periodOf, productData, serviceData, subscriptions, termsOf } from './data.js';
import { newKey } from './key.js';
import { renew } from './renew.js';
import { changeSubscription, keyIn, register, subscriptionOf } from './subscription.js';
import { renewedUntil } from './term.js';

export default class SupportSubscription extends RecordProduct {
  override readonly info: ModuleInfo = {
    type: 'product',
    name: 'support-subscription',
    title: 'Support subscription',
    description: 'A subscription key with a level of support, which the support desk can check',
    version: '1.0.0',
    author: 'Innkeeper',
  };

  override readonly settings = Type.Object({}, { additionalProperties: false });
  override readonly productData = productData;
  override readonly serviceData = serviceData;
  override readonly collections = { subscriptions };
  override readonly actions = { renew };
  override readonly permissions = [{ key: 'check', name: 'Check subscription keys' }];
  override readonly adminApiRoutes = [checkRoute];
  readonly checkKey = checkKey;

  /** The key is saved first, so that a step that runs again registers the same key. */
  protected override async create(context: StepContext): Promise<void> {
    const { notes, plan } = context;
    const now = new Date();
    const key = typeof notes['key'] === 'string' ? notes['key'] : newKey();
    const until =
      typeof notes['until'] === 'string' ? notes['until'] : renewedUntil(null, periodOf(plan), now);
    await context.note({ key, until });
    await context.saveData({ key, expires_at: until });
    await register(context, key, {
      ...termsOf(plan),
      ...{ suspended: false, since: now.toISOString(), expires_at: until, references: [] },
    });
  }

  protected override async remove(context: StepContext): Promise<void> {
    const found = await subscriptionOf(context);
    if (found) await context.collections.delete('subscriptions', found.key);
  }

  protected override async suspend(context: StepContext): Promise<void> {
    await changeSubscription(context, { suspended: true });
  }

  protected override async unsuspend(context: StepContext): Promise<void> {
    await changeSubscription(context, { suspended: false });
  }

  /** The present end stays. A plan without a period has none. */
  protected override async changePlan(context: StepContext): Promise<void> {
    const { plan, service } = context;
    const months = periodOf(plan);
    const before = typeof service.data['expires_at'] === 'string' ? service.data['expires_at'] : null;
    const until = months === 0 ? null : (before ?? renewedUntil(null, months, new Date()));
    await changeSubscription(context, { ...termsOf(plan), expires_at: until });
    if (keyIn(service) !== undefined) await context.saveData({ expires_at: until });
  }
}
