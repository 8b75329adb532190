/** GET /state/export: sends a consistent snapshot of the state as a tar stream. Available only at the unix socket. */
import { Type } from 'typebox';
import { schemaOf } from '../../server/endpoint.js';
import type { Route } from '../../server/route.js';

const schema = schemaOf(
  {
    call: 'GET /state/export',
    id: 'exportState',
    tag: 'State',
    summary: 'Export the state',
    description: 'Returns all documents of the state as one consistent snapshot.',
    query: Type.Object({
      key: Type.Optional(
        Type.Boolean({
          'x-rule': 'must be true or false',
          description: 'If true, the export contains the key that encrypts the secrets.',
          examples: [false],
        }),
      ),
    }),
    failures: ['state_unavailable'],
  },
  {
    200: {
      description: 'An uncompressed tar file.',
      content: {
        'application/x-tar': {
          schema: Type.Unsafe<NodeJS.ReadableStream>({
            type: 'string',
            format: 'binary',
            description: 'The exported file.',
          }),
        },
      },
    },
  },
);

export const exportStateRoute: Route = (app, { state, config }) => {
  app.get('/state/export', { schema }, async (request, reply) => {
    const withKey = request.query.key === true;
    const copy = await state.exportCopy({ agent: config.agent.id, withKey });
    request.log.info({ with_key: withKey }, 'state export started');
    return reply.type('application/x-tar').header('cache-control', 'no-store').send(copy);
  });
};
