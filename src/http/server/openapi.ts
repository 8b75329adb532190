/** Sets up the description of the API from the routes' own schemas. */
import swagger from '@fastify/swagger';
import type { TSchema } from 'typebox';
import type { FastifySchema } from 'fastify';
import { ruleFor } from '../guards/access.js';
import { type Example, EXAMPLES } from '../schemas/examples.js';
import type { App } from './app-type.js';

declare module 'fastify' {
  interface FastifySchema {
    /**
     * Failed answers by status. Only described: all have the one shape, and a serializer for each of each route would
     * slow down the start.
     */
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
    transform: ({ schema, url, route }) => {
      const { failures, response, ...rest } = schema;
      const name = `${[route.method].flat().join()} ${url}`;
      const described = withExample(rest, EXAMPLES[name] ?? {});
      const { access } = ruleFor([route.method].flat()[0] ?? 'GET', url);
      const needs = access === 'public' ? 'Needs no token.' : `Needs the permission \`${access}\`.`;
      const description = [rest.description, needs].filter(Boolean).join('\n\n');
      return { schema: { ...described, description, response: Object.assign({}, response, failures) }, url };
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) =>
        typeof schema.$id === 'string' ? schema.$id : `schema${index}`,
    },
  });
}

/** `examples` where OpenAPI 3.1 looks for them. */
function withExample(schema: FastifySchema, { params, query, body }: Example): FastifySchema {
  return {
    ...schema,
    ...(params === undefined ? {} : { params: eachWith(schema.params, params) }),
    ...(query === undefined ? {} : { querystring: eachWith(schema.querystring, query) }),
    ...(body === undefined ? {} : { body: Object.assign({}, schema.body, { examples: [body] }) }),
  };
}

function eachWith(schema: unknown, values: Readonly<Record<string, unknown>>): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  const properties: unknown = Reflect.get(schema, 'properties');
  if (typeof properties !== 'object' || properties === null) return schema;
  const described = Object.entries(properties).map(
    ([name, property]: [string, unknown]): [string, unknown] => [
      name,
      name in values ? Object.assign({}, property, { examples: [values[name]] }) : property,
    ],
  );
  return { ...schema, properties: Object.fromEntries(described) };
}
