/** GET /state/key, POST /state/rotate-key */
import { Type } from 'typebox';
import type { KeyStatus } from '../../../state/contract.js';
import type { Route } from '../../server/route.js';
import { failures, nullable, success } from '../../schemas/common.js';

const status = {
  key_id: Type.String({ description: 'Begins every sealed text; tells nothing of the key.' }),
  configured: Type.Boolean({ description: "The key is the operator's own, which the agent cannot change." }),
  former_key_ids: Type.Array(Type.String(), { description: 'Keys before it that still open.' }),
  rewriting: Type.Boolean({ description: 'Documents are being written anew with the present key.' }),
  rewritten: Type.Integer(),
  needed_by: Type.Array(Type.String(), { description: 'Damaged documents that only a former key opens.' }),
  problem: nullable(Type.String()),
};

const view = (keys: KeyStatus) => ({
  success: true as const,
  key_id: keys.keyId,
  configured: keys.configured,
  former_key_ids: [...keys.formerIds],
  rewriting: keys.rewriting,
  rewritten: keys.rewritten,
  needed_by: [...keys.neededBy],
  problem: keys.problem,
});

export const stateKeyRoute: Route = (app, { state }) => {
  const schema = {
    summary: 'Tells which key the secrets of the state are encrypted with',
    tags: ['Operation'],
    response: { 200: success(status, 'The key, by its name.') },
    failures: failures(),
  };
  app.get('/state/key', { schema }, async () => view(state.keys.status()));
};

export const rotateStateKeyRoute: Route = (app, { state }) => {
  const schema = {
    summary: 'Makes a new key and writes all secrets anew with it',
    description: 'Goes on in the background, also after a crash; `GET /state/key` tells how far it is.',
    tags: ['Operation'],
    response: { 200: success(status, 'It has begun, or was under way.') },
    failures: failures('state_unavailable'),
  };
  app.post('/state/rotate-key', { schema }, async () => view(await state.keys.rotate()));
};
