/** A plugin: API routes and webhooks of its own, with documents of its own. */
import { infoOf, type Scaffold, testHead, type Words } from './scaffold.js';

export function pluginScaffold(words: Words): Scaffold {
  return {
    summary: 'Keeps notes that staff write through the API of the agent.',
    texts: {
      en: { no_note: 'There is no such note.' },
      de: { no_note: 'Diese Notiz gibt es nicht.' },
    },
    conformance: CONFORMANCE,
    module: moduleOf(words),
    test: testOf(words),
  };
}

const CONFORMANCE = `/** The environment in which \`innkeeper module check\` reads the module. */
export default () => ({
  settings: { most: 100 },
});
`;

const moduleOf = (words: Words): string => `import { AgentError, Plugin } from 'innkeeper/module';

export default class ${words.className} extends Plugin {
${infoOf(words)}

  settings = {
    type: 'object',
    properties: {
      most: { type: 'integer', minimum: 1, maximum: 200, default: 100, description: 'Notes in one response' },
    },
    additionalProperties: false,
  };

  /** Tokens get it as \`module:plugin/${words.name}:notes\`. */
  permissions = [{ key: 'notes', name: 'Read and write notes' }];

  collections = {
    notes: {
      schema: {
        type: 'object',
        properties: { text: { type: 'string', maxLength: 1000 } },
        required: ['text'],
        additionalProperties: false,
      },
    },
  };

  /** Below \`/modules/plugin/${words.name}/api/\`. */
  adminApiRoutes = [
    { method: 'GET', path: 'notes', permission: 'notes', handler: 'listNotes' },
    { method: 'GET', path: 'notes/{key}', permission: 'notes', handler: 'showNote' },
    {
      method: 'POST',
      path: 'notes',
      permission: 'notes',
      handler: 'addNote',
      input: {
        type: 'object',
        properties: { text: { type: 'string', minLength: 1, maxLength: 1000 } },
        required: ['text'],
        additionalProperties: false,
      },
    },
  ];

  async listNotes({ collections, settings }) {
    const { documents } = await collections.page('notes', { limit: settings.most });
    return { json: { notes: documents.map(viewOf) } };
  }

  async showNote({ collections, t }, { params }) {
    const note = await collections.get('notes', params.key);
    if (!note) throw new AgentError('module_not_found', t('no_note'));
    return { json: viewOf(note) };
  }

  async addNote({ collections }, { input }) {
    const note = await collections.create('notes', { data: { text: input.text } });
    return { status: 201, json: viewOf(note) };
  }
}

function viewOf({ key, createdAt, data }) {
  return { key, created_at: createdAt, text: data.text };
}
`;

const testOf = (words: Words): string => `${testHead(words, 'fakeRequest')}
test('a note is written and read', async () => {
  const plugin = new ${words.className}();
  const { context, request } = fakeRequest(plugin, { folder, ...conformance() });
  const added = await plugin.addNote(context, { ...request, input: { text: 'hello' } });
  assert.equal(added.status, 201);
  const { json } = await plugin.listNotes(context, request);
  assert.deepEqual(json.notes.map(({ text }) => text), ['hello']);
  const shown = await plugin.showNote(context, { ...request, params: { key: added.json.key } });
  assert.equal(shown.json.text, 'hello');
});

test('a note that does not exist is an error', async () => {
  const plugin = new ${words.className}();
  const { context, request } = fakeRequest(plugin, { folder, ...conformance() });
  await assert.rejects(plugin.showNote(context, { ...request, params: { key: 'none' } }), /There is no such note/);
});
`;
