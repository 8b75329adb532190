/** A payment module: collects payments through a kind of gateway. */
import { infoOf, type Scaffold, testHead, type Words } from './scaffold.js';

export function paymentScaffold(words: Words): Scaffold {
  return {
    summary: 'Shows customers how to pay by transfer, and asks nothing of other systems.',
    texts: {
      en: {
        title: 'Payment of {invoice}',
        amount: 'Amount',
        account: 'Account',
        reference: 'Reference',
        back: 'Back',
      },
      de: {
        title: 'Zahlung von {invoice}',
        amount: 'Betrag',
        account: 'Konto',
        reference: 'Verwendungszweck',
        back: 'Zurück',
      },
    },
    conformance: CONFORMANCE,
    files: { 'views/checkout.eta': VIEW },
    module: moduleOf(words),
    test: testOf(words),
  };
}

const CONFORMANCE = `/** The environment in which \`innkeeper module check\` runs the module. A new one is made for every run. */
export default () => ({
  instance: { data: { account: 'DE00 0000 0000 0000', holder: 'Acme' } },
});
`;

const VIEW = `<h1><%= it.t('title', { invoice: it.payment.invoice.number }) %></h1>
<dl>
  <dt><%= it.t('amount') %></dt><dd><%= it.amount %> <%= it.payment.currency %></dd>
  <dt><%= it.t('account') %></dt><dd><%= it.account %></dd>
  <dt><%= it.t('reference') %></dt><dd><%= it.payment.invoice.reference %></dd>
</dl>
<p><a href="<%= it.payment.cancelUrl %>"><%= it.t('back') %></a></p>
`;

const moduleOf = (words: Words): string => `import { Payment } from 'innkeeper/module';

export default class ${words.className} extends Payment {
${infoOf(words)}

  settings = { type: 'object', properties: {}, additionalProperties: false };

  /** The data of one gateway. */
  instance = {
    type: 'object',
    properties: {
      account: { type: 'string', minLength: 5, maxLength: 50, description: 'Account number, as customers need it' },
      holder: { type: 'string', minLength: 1, maxLength: 100, description: 'Name of the account holder' },
    },
    required: ['account', 'holder'],
    additionalProperties: false,
  };

  /** The page on which the customer pays. Amounts are integers in the minor unit of the currency. */
  async checkout({ instance, view }, payment) {
    const { account, holder } = instance.data;
    const amount = (payment.amount / 100).toFixed(2);
    return { html: await view('checkout', { payment, amount, account: \`\${holder}, \${account}\` }) };
  }
}
`;

const testOf = (words: Words): string => `${testHead(words, 'fakeRequest')}
const PAYMENT = {
  id: 'p1',
  invoice: { reference: 'BT12345678', number: '2026-1 <b>', description: 'Hosting' },
  amount: 1250,
  currency: 'EUR',
  customer: { email: 'alice@example.com' },
  returnUrl: 'https://agent.example/pay/1/return',
  cancelUrl: 'https://agent.example/pay/1/cancel',
};

test('the page says what to pay, and escapes what others wrote', async () => {
  const { context } = fakeRequest(new ${words.className}(), { folder, ...conformance() });
  const { html } = await new ${words.className}().checkout(context, PAYMENT);
  assert.match(html, /12\\.50 EUR/);
  assert.match(html, /Acme, DE00 0000 0000 0000/);
  assert.match(html, /2026-1 &lt;b&gt;/);
});
`;
