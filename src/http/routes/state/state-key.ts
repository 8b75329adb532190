/** GET /state/key, POST /state/rotate-key */
import { Type } from 'typebox';
import type { KeyStatus } from '../../../state/contract.js';
import { flag, list, nullable, text, whole } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

const KeyView = Type.Object(
  {
    key_id: text(
      'The ID of the key. Every encrypted text begins with it. The ID reveals nothing about the key.',
      '7c1e09ab',
    ),
    configured: flag('True: the key is in the configuration, where the agent cannot change it.', false),
    former_key_ids: list('Earlier keys that are still available for decryption.', []),
    rewriting: flag('True: documents are being re-encrypted with the current key.', false),
    rewritten: whole('The number of documents that were re-encrypted.', 0),
    needed_by: list('Damaged documents that need an earlier key.', []),
    problem: nullable(text('Why the rotation cannot continue. Null: there is no problem.', ''), null),
  },
  { title: 'StateKey', description: 'The key that encrypts the secrets in the state.' },
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
  summary: 'Retrieve the key that the state is encrypted with',
  answer: KeyView,
  answers: { 200: 'Returns the ID of the key, never the key.' },
  handle: (_, { state }) => view(state.keys.status()),
});

export const rotateStateKeyRoute = jsonRoute({
  call: 'POST /state/rotate-key',
  id: 'rotateStateKey',
  tag: 'State',
  summary: 'Rotate the key of the state',
  description:
    'Creates a new key and re-encrypts all secrets with it. The work continues in the background, ' +
    'also after a crash; `GET /state/key` shows its progress.',
  answer: KeyView,
  answers: { 200: 'The rotation was started, or was already in progress.' },
  failures: ['state_unavailable', 'state_key_configured'],
  handle: async (_, { state }) => view(await state.keys.rotate()),
});
