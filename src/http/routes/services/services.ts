/** GET /services */
import { Type } from 'typebox';
import { listServices } from '../../../services/list-services.js';
import { Cursor, Limit, NextCursor, StatusText } from '../../schemas/common.js';
import { NODE, SERVICE, SUBDOMAIN } from '../../schemas/examples.js';
import { described } from '../../schemas/fields.js';
import { EntryView } from '../../schemas/service.js';
import { longRoute } from '../../server/long-route.js';

const textFilter = (description: string, example: string, maxLength = 200) =>
  Type.Optional(Type.String({ maxLength, description, examples: [example] }));

export const servicesRoute = longRoute({
  call: 'GET /services',
  id: 'listServices',
  tag: 'Services',
  summary: 'List services',
  query: Type.Object({
    ids: textFilter(
      'If set, the response contains only services with these IDs, which are separated by commas.',
      SERVICE,
      10_000,
    ),
    status: Type.Optional(
      described(StatusText, 'If set, the response contains only services with this status.'),
    ),
    plan: textFilter('If set, the response contains only services with this plan.', 'basic'),
    node: textFilter('If set, the response contains only services on this node.', NODE),
    q: textFilter(
      'If set, the response contains only services whose ID or name contains this text.',
      SUBDOMAIN,
    ),
    drift: Type.Optional(
      Type.Boolean({
        description:
          'True: only services whose actual state differs from the records. False: only services without ' +
          'differences.',
        examples: [false],
      }),
    ),
    updated_since: Type.Optional(
      Type.String({
        pattern: '^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d))?$',
        'x-rule': 'must be a timestamp such as 2026-01-31T12:00:00Z',
        description:
          'If set, the response contains only services whose record has changed since this time (RFC ' +
          '3339).',
        examples: ['2026-01-31T12:00:00Z'],
      }),
    ),
    limit: Type.Optional(Limit),
    cursor: Type.Optional(Cursor),
  }),
  answer: Type.Object({
    services: Type.Array(EntryView, { description: 'The services on this page.' }),
    next_cursor: NextCursor,
  }),
  done: 'One page of services, sorted by ID.',
  handle: async ({ caller, query }, context, rest) => {
    const { ids, updated_since: updatedSince, limit = 100, ...filter } = query;
    const asked = { ...filter, ids: ids?.split(',').map((id) => id.trim()), updatedSince, limit };
    const page = await listServices(context, caller, asked, rest);
    return { services: page.items, next_cursor: page.next };
  },
});
