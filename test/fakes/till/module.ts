/** A payment module whose webhook verifies its sender, adds a task and answers. */
import { AgentError } from '../../../src/kernel/errors.js';
import type { InstanceContext } from '../../../src/modules/kit/notification.js';
import { type Checkout, Payment } from '../../../src/modules/kit/payment.js';
import type { ModuleRequest, Reply, RequestContext } from '../../../src/modules/kit/request.js';
import type { AdminRoute } from '../../../src/modules/kit/routes.js';
import type { TaskContext } from '../../../src/modules/kit/task-context.js';

export default class Till extends Payment {
  readonly info = {
    ...{ type: 'payment' as const, name: 'till', title: 'Till', description: '', version: '1.0.0' },
    author: 'x',
  };
  readonly settings = { type: 'object' };
  readonly instance = {
    type: 'object',
    properties: {
      account: { type: 'string', minLength: 2, transform: ['trim'] },
      key: { type: 'string', secret: true, minLength: 8 },
    },
    required: ['account', 'key'],
    additionalProperties: false,
  };
  override readonly collections = {
    payments: { schema: { type: 'object', properties: { state: { type: 'string' } } } },
  };
  override readonly webhooks = { get: 'challenge', post: 'heard', rateLimit: 20 };
  override readonly staticRoutes = {
    key: { handler: () => ({ json: { public_key: 'pk_1' }, headers: { 'cache-control': 'max-age=60' } }) },
    form: { method: 'POST' as const, rateLimit: 2, handler: 'form' },
  };
  override readonly adminApiRoutes: readonly AdminRoute[] = [
    { method: 'GET', path: 'payments/{id}', permission: 'configuration', handler: 'payment' },
  ];
  override readonly tasks = {
    async settle({ collections, input }: TaskContext): Promise<void> {
      const { id, state } = input as { id: string; state: string };
      await collections.create('payments', { key: id, data: { state } });
    },
  };

  checkout({ instance }: InstanceContext): Checkout {
    return { redirect: `https://till.test/${instance.id}` };
  }

  challenge({ instance }: RequestContext, { query }: ModuleRequest): Reply {
    return { text: `${instance?.id ?? ''} ${query['challenge'] ?? ''}` };
  }

  async heard(
    { crypto, tasks, log, instance, secrets }: RequestContext,
    request: ModuleRequest,
  ): Promise<Reply> {
    const signature = request.headers['x-signature'] ?? '';
    const key = { secret: 'data.key' };
    const parts = [{ base64: Buffer.from(request.body).toString('base64') }];
    if (!(await crypto.verify({ algorithm: 'sha256', key, parts, signature })))
      throw new AgentError('forbidden', 'The signature is wrong.');
    const { id, state, accident } = request.input as { id: string; state: string; accident?: string };
    if (accident === 'exit') process.exit(1);
    if (accident === 'throw') throw new Error('no luck');
    const token = await secrets.put('session', `session-of-${id}`);
    log.info('heard', { id, data: instance?.data ?? null, token: token.secret });
    await tasks.add('settle', { input: { id, state }, key: id });
    return { status: 202 };
  }

  form(_context: RequestContext, { input }: ModuleRequest): Reply {
    return { json: input };
  }

  async payment({ collections }: RequestContext, { params }: ModuleRequest): Promise<Reply> {
    const found = await collections.get('payments', params['id'] ?? '');
    return found ? { json: found.data } : { status: 404, json: null };
  }
}
