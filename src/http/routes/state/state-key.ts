/** GET /state/key, POST /state/rotate-key */
import { Type } from 'typebox';
import type { KeyStatus } from '../../../state/contract.js';
import { flag, list, nullable, text, whole } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

const KeyView = Type.Object(
  {
    key_id: text(
      'The ID of the key. Every encrypted text begins with this ID. The ID reveals nothing about the key.',
      '7c1e09ab',
    ),
    configured: flag('True if the key is in the configuration. The agent cannot change such a key.', false),
    former_key_ids: list('The IDs of earlier keys that are still available for decryption.', []),
    rewriting: flag('True while documents are being re-encrypted with the current key.', false),
    rewritten: whole('The number of documents that have been re-encrypted so far.', 0),
    needed_by: list('The damaged documents that need an earlier key.', []),
    problem: nullable(
      text('Why the rotation of the key cannot continue. The value is null if there is no problem.', ''),
      null,
    ),
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
  summary: 'Retrieve the status of the key that encrypts the state',
  answer: KeyView,
  answers: { 200: 'The response contains the ID of the key, but never the key itself.' },
  handle: (_, { state }) => view(state.keys.status()),
});

export const rotateStateKeyRoute = jsonRoute({
  call: 'POST /state/rotate-key',
  id: 'rotateStateKey',
  tag: 'State',
  summary: 'Rotate the key that encrypts the state',
  description:
    'Creates a new key and re-encrypts all secrets with the new key. The re-encryption runs in the ' +
    'background and continues after a crash. `GET /state/key` shows its progress. The former key ' +
    'is removed at the end. Exports that were made before the rotation still need the former key, ' +
    'so copy `secret.key` first.',
  answer: KeyView,
  answers: { 200: 'The rotation of the key was started, or was already in progress.' },
  failures: ['state_unavailable', 'state_key_configured'],
  handle: async (_, { state }) => view(await state.keys.rotate()),
});
