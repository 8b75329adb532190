/** Sets up the description of the API from the routes' own schemas. */
import swagger from '@fastify/swagger';
import { ruleFor } from '../guards/access.js';
import { completeDocument, type RouteFacts } from '../openapi/document.js';
import type { Node } from '../openapi/node.js';
import { TAGS } from '../openapi/tags.js';
import type { App } from './app-type.js';

const INFO = {
  title: 'Innkeeper',
  version: '1',
  summary: 'Provisions and operates hosting on Proxmox VE for billing panels.',
  description:
    'Innkeeper turns the requests of a billing panel into running sites: containers, DNS, reverse ' +
    'proxy, certificates and backups. Every request that changes something becomes a durable job, ' +
    'which survives crashes and power cuts. Requests are JSON over HTTP with a bearer token.',
  license: { name: 'GPL-3.0-or-later', identifier: 'GPL-3.0-or-later' },
};

const SERVERS = [
  { url: '/', description: 'The agent that serves this document.' },
  {
    url: '{agent}',
    description: 'The address of another agent.',
    variables: {
      agent: {
        default: 'https://innkeeper.internal:8443',
        description:
          'Scheme, host and port, as in `api.host`, `api.port` and `api.tls` of the configuration.',
      },
    },
  },
];

export async function describeApi(app: App): Promise<void> {
  const facts = new Map<string, RouteFacts>();
  await app.register(swagger, {
    convertConstToEnum: false,
    openapi: {
      openapi: '3.1.0',
      info: INFO,
      servers: SERVERS,
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'A token of the panel, created with `innkeeper token create`.',
          },
        },
      },
      security: [{ bearer: [] }],
    },
    transform: ({ schema, url, route }) => {
      const { failures = [], prefers = false, ...rest } = schema;
      const method = [route.method].flat()[0] ?? 'GET';
      facts.set(rest.operationId ?? '', { method, url, failures, prefers });
      const { access } = ruleFor(method, url);
      const isPublic = access === 'public';
      const needs = isPublic
        ? 'This endpoint requires no token.'
        : `This endpoint requires the permission \`${access}\`.`;
      const description = [rest.description, needs].filter(Boolean).join('\n\n');
      return { schema: { ...rest, description, ...(isPublic ? { security: [] } : {}) }, url };
    },
    transformObject: (made) => {
      const document: Node = { ...('openapiObject' in made ? made.openapiObject : {}) };
      return completeDocument(document, facts);
    },
  });
}
