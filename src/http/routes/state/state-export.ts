/** GET /state/export: only at the unix socket; the whole state of one instant as a tar stream. */
import { Type } from 'typebox';
import type { Route } from '../../server/route.js';
import { failures } from '../../schemas/common.js';

const schema = {
  summary: 'Hands out all documents as they are at one instant',
  tags: ['State'],
  querystring: Type.Object({
    key: Type.Optional(
      Type.Boolean({
        description: "Whether the secrets' key goes in too.",
        'x-rule': 'must be true or false',
      }),
    ),
  }),
  response: { 200: Type.Unsafe<NodeJS.ReadableStream>({ description: 'An unpacked tar file.' }) },
  failures: failures('state_unavailable'),
};

export const exportStateRoute: Route = (app, { state, config }) => {
  app.get('/state/export', { schema }, async (request, reply) => {
    const withKey = request.query.key === true;
    const copy = await state.exportCopy({ agent: config.agent.id, withKey });
    request.log.info({ with_key: withKey }, 'the state is exported');
    return reply.type('application/x-tar').header('cache-control', 'no-store').send(copy);
  });
};
