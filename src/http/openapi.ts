/** Sets up the description of the API from the routes' own schemas. */
import swagger from '@fastify/swagger';
import type { TSchema } from 'typebox';
import type { App } from './app-type.js';

declare module 'fastify' {
  interface FastifySchema {
    /** Failed answers by status. Only described: all have the one shape, and a serializer for each of each route would slow down the start. */
    failures?: Readonly<Record<number, TSchema>>;
  }
}

export async function describeApi(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Innkeeper',
        version: '1',
        description: 'Turns calls of billing panels into working sites.',
        license: { name: 'GPL-3.0-or-later', identifier: 'GPL-3.0-or-later' },
      },
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'A token of the panel.' } },
      },
      security: [{ bearer: [] }],
    },
    transform: ({ schema, url }) => {
      const { failures, response, ...rest } = schema;
      return { schema: { ...rest, response: Object.assign({}, response, failures) }, url };
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) =>
        typeof schema.$id === 'string' ? schema.$id : `schema${index}`,
    },
  });
}
