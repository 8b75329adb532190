/** A notification module: sends messages through a kind of channel. */
import { infoOf, type Scaffold, testHead, type Words } from './scaffold.js';

export function notificationScaffold(words: Words): Scaffold {
  return {
    summary: 'Sends messages to an incoming webhook, as chat systems offer it.',
    texts: {
      en: { refused: 'The channel does not accept the message.' },
      de: { refused: 'Der Kanal nimmt die Nachricht nicht an.' },
    },
    conformance: CONFORMANCE,
    module: moduleOf(words),
    test: testOf(words),
  };
}

const CONFORMANCE = `/** The environment in which \`innkeeper module check\` runs the module. A new one is made for every run. */
export default () => ({
  instance: { data: { url: 'https://chat.example/hook', token: { secret: 'instance.token' } } },
  secrets: { 'instance.token': 'canary-of-the-channel' },
  http: ({ bearer }, reveal) => ({ status: reveal(bearer) === 'canary-of-the-channel' ? 200 : 401 }),
});
`;

const moduleOf = (words: Words): string => `import { AgentError, Notification } from 'innkeeper/module';

export default class ${words.className} extends Notification {
${infoOf(words)}

  settings = { type: 'object', properties: {}, additionalProperties: false };

  /** The data of one channel. The module gets a reference in place of a secret. */
  instance = {
    type: 'object',
    properties: {
      url: { type: 'string', maxLength: 500, pattern: '^https://', description: 'Address of the webhook' },
      token: { type: 'string', secret: true, description: 'Token of the webhook' },
    },
    required: ['url', 'token'],
    additionalProperties: false,
  };

  async send(context, { to, subject, text }) {
    await post(context, { channel: to, text: \`\${subject}\\n\${text}\` });
  }

  async test(context) {
    await post(context, { dry_run: true });
  }
}

async function post({ http, instance, t }, json) {
  const { url, token } = instance.data;
  const { status } = await http.request({ url, method: 'POST', bearer: token, json });
  if (status >= 300) throw new AgentError('remote_failed', t('refused'), { detail: \`status \${status}\` });
}
`;

const testOf = (words: Words): string => `${testHead(words, 'fakeRequest')}
const MESSAGE = { to: '#alerts', subject: 'Hello', text: 'A message' };

test('a message is sent with the token of the channel', async () => {
  const { context } = fakeRequest(new ${words.className}(), { folder, ...conformance() });
  await new ${words.className}().send(context, MESSAGE);
  await new ${words.className}().test(context);
});

test('a channel that refuses the message is an error', async () => {
  const { context } = fakeRequest(new ${words.className}(), { folder, ...conformance(), secrets: { 'instance.token': 'old' } });
  await assert.rejects(new ${words.className}().send(context, MESSAGE), { code: 'remote_failed' });
});
`;
