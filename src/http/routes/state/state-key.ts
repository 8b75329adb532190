/** GET /state/key, POST /state/rotate-key */
import { Type } from 'typebox';
import type { KeyStatus } from '../../../state/contract.js';
import { flag, list, nullable, text, whole } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

const KeyView = Type.Object(
  {
    key_id: text(
      'The id of the key. Every encrypted text begins with it; it reveals nothing of the key.',
      '7c1e09ab',
    ),
    configured: flag('True: the key is in the configuration, where the agent cannot change it.', false),
    former_key_ids: list('Earlier keys that can still decrypt.', []),
    rewriting: flag('True: documents are being encrypted again with the present key.', false),
    rewritten: whole('How many documents were encrypted again.', 0),
    needed_by: list('Damaged documents that only an earlier key decrypts.', []),
    problem: nullable(text('Why the rotation cannot continue. Null: nothing is wrong.', ''), null),
  },
  { title: 'StateKey', description: 'The key that the secrets in the state are encrypted with.' },
);

const view = (keys: KeyStatus) => ({
  key_id: keys.keyId,
  configured: keys.configured,
  former_key_ids: [...keys.formerIds],
  rewriting: keys.rewriting,
  rewritten: keys.rewritten,
  needed_by: [...keys.neededBy],
  problem: keys.problem,
});

export const stateKeyRoute = jsonRoute({
  call: 'GET /state/key',
  id: 'getStateKey',
  tag: 'State',
  summary: 'Retrieve which key the state is encrypted with',
  answer: KeyView,
  answers: { 200: 'The key, by its id.' },
  handle: (_, { state }) => view(state.keys.status()),
});

export const rotateStateKeyRoute = jsonRoute({
  call: 'POST /state/rotate-key',
  id: 'rotateStateKey',
  tag: 'State',
  summary: 'Rotate the key of the state',
  description:
    'Makes a new key and encrypts all secrets with it. The work continues in the background, also after a crash; `GET /state/key` shows its progress.',
  answer: KeyView,
  answers: { 200: 'The rotation has started, or was under way.' },
  failures: ['state_unavailable', 'state_key_configured'],
  handle: async (_, { state }) => view(await state.keys.rotate()),
});
