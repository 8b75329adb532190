/** Runs the functions of notification and payment modules that the agent calls. */
import { asAgentError } from '../../../kernel/errors.js';
import { isFields } from '../../../kernel/is-fields.js';
import { within } from '../../../kernel/async/within.js';
import type { Message } from '../../kit/notification.js';
import type { PaymentView } from '../../kit/payment.js';
import { fakeRequest } from '../testing/fake-request.js';
import type { Subject } from './conformance.js';
import type { Report } from './jobs.js';
import { leaks } from './leaks.js';

const CALL_WITHIN_MS = 10_000;
/** A browser would run it if a page did not escape it. */
const MARKUP = '<img src=x onerror=alert(1)>';
const MESSAGE: Message = {
  to: 'alice@example.com',
  subject: 'A subject',
  text: 'A text',
  html: '<p>A text</p>',
};
const PAYMENT: PaymentView = {
  id: '01900000-0000-7000-8000-000000000001',
  invoice: { reference: 'BT12345678', number: `2026-1 ${MARKUP}`, description: `Hosting ${MARKUP}` },
  ...{ amount: 1250, currency: 'EUR', customer: { email: 'alice@example.com', name: `Alice ${MARKUP}` } },
  returnUrl: 'https://agent.example/pay/1/return',
  cancelUrl: 'https://agent.example/pay/1/cancel',
};

export async function checkHandlers(subject: Subject, report: Report): Promise<void> {
  const { type } = subject.module.info;
  if (type === 'notification') {
    await call(subject, report, 'send', MESSAGE);
    if (typeof Reflect.get(subject.module, 'test') === 'function') await call(subject, report, 'test');
  }
  if (type !== 'payment') return;
  const reply = await call(subject, report, 'checkout', PAYMENT);
  const html = isFields(reply) && typeof reply['html'] === 'string' ? reply['html'] : '';
  const isReply = html !== '' || (isFields(reply) && typeof reply['redirect'] === 'string');
  if (reply !== undefined && !isReply)
    report.found({ line: 'completes', problem: 'checkout returns neither html nor redirect' });
  if (html.includes(MARKUP))
    report.found({
      line: 'views',
      problem: 'the page of checkout does not escape the invoice or the customer',
    });
}

/** Undefined if the call failed, which is then a finding. */
async function call(
  { module, folder, make }: Subject,
  { found, begins }: Report,
  name: string,
  ...args: unknown[]
): Promise<unknown> {
  begins(name);
  const { context, service } = fakeRequest(module, { folder, ...make() });
  const method: unknown = Reflect.get(module, name);
  if (typeof method !== 'function') {
    found({ line: 'abilities', problem: `the module has no ${name}()` });
    return undefined;
  }
  const work = (async (): Promise<unknown> =>
    (await Reflect.apply(method, module, [context, ...args])) ?? null)();
  let thrown: unknown;
  work.catch((error: unknown) => {
    thrown = error;
  });
  const result = await within(work, CALL_WITHIN_MS);
  for (const leak of leaks(service)) found({ line: 'secrets', problem: `${name}: ${leak}` });
  if (result !== undefined) return result;
  const error = thrown === undefined ? undefined : asAgentError(thrown, 'module_failed');
  const detail = error?.detail === undefined ? '' : ` (${error.detail.split('\n')[0] ?? ''})`;
  const problem = error ? `${error.message}${detail}` : `it does not end within ${CALL_WITHIN_MS / 1000} s`;
  found({ line: 'completes', problem: `${name}: ${problem}` });
  return undefined;
}
