/** A product whose only step uses everything that modules can use of the agent. */
import { Type } from 'typebox';
import { AgentError } from '../../../src/kernel/errors.js';
import type { StepContext } from '../../../src/modules/kit/context.js';
import type { JobFlow, ModuleInfo } from '../../../src/modules/kit/module.js';
import { Product } from '../../../src/modules/kit/product.js';

/** A secret that another system gave. It is in two parts, so that the files of the tests do not contain it. */
const TOKEN = ['canary-Hx72', 'token-of-another-system'].join('-');

/** `args.url`: a server. */
async function errand(context: StepContext): Promise<void> {
  const { args, secrets, cache, http, crypto, alerts, services, probe, saveData } = context;
  const token = await secrets.put('token', TOKEN);
  const password = await context.password({ name: 'db', length: 32 });
  const url = typeof args['url'] === 'string' ? args['url'] : '';
  let made = 0;
  const remembered = (): Promise<string> =>
    cache.remember('answer', { ttlS: 60, tags: ['t'] }, async () => {
      made += 1;
      const { status } = await context.measure('ask', () =>
        http.request({ url, method: 'POST', bearer: token, json: { password, plain: 1 } }),
      );
      return `status ${status}`;
    });
  const answers = [await remembered(), await remembered()];
  const signature = await crypto.hmac({ algorithm: 'sha256', key: token, parts: ['body'] });
  const verified = await crypto.verify({ algorithm: 'sha256', key: token, parts: ['body'], signature });
  const { open } = await probe.tcp({ host: '127.0.0.1', port: Number(new URL(url).port) });
  await alerts.raise('full', { text: 'The server is full.' });
  const unread = await services.get('12').then(
    () => 'read',
    (error: unknown) => (error instanceof AgentError ? error.code : String(error)),
  );
  context.log.with({ shop: 1 }).info('asked', {
    request: { headers: { authorization: `Bearer ${TOKEN}` }, body: `{"token": "${TOKEN}"}` },
    response: { status: 201 },
  });
  const page = await context.view('page', { sites: 2 });
  await saveData({ page, answers, made, verified, open, unread, token: { ...token } });
}

export default class ErrandProduct extends Product {
  readonly info: ModuleInfo = {
    type: 'product',
    name: 'errand',
    title: 'Errand',
    description: '',
    version: '1.0.0',
    author: '',
  };
  readonly settings = Type.Object({});

  createJob(): JobFlow {
    return { errand: { run: errand } };
  }
}
