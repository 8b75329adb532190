/** POST /panel/sync */
import { Type } from 'typebox';
import type { JsonObject } from '../../../kernel/json.js';
import {
  compareWithPanel,
  DIFFERENCE_FIELDS,
  PANEL_STATUSES,
  type PanelStatus,
} from '../../../drift/panel-sync.js';
import { invalid } from '../../../kernel/invalid.js';
import { ServiceId, ServiceIdIn, StatusText } from '../../schemas/common.js';
import { EMAIL, SERVICE } from '../../schemas/examples.js';
import { nullable, text, withExample, word } from '../../schemas/fields.js';
import { longRoute } from '../../server/long-route.js';

const MOST = 10_000;
/**
 * The maximum size of the body. It is enough for 10,000 records of 200 bytes each. The limit is needed because a body
 * is parsed in one piece, which takes 10 ms per MiB.
 */
const MOST_BYTES = 2 * 1024 ** 2;
const WORDS = Object.keys(PANEL_STATUSES).filter(isWord);

const PanelRecord = Type.Object(
  {
    service_id: ServiceIdIn,
    status: Type.Optional(
      Type.String({
        maxLength: 40,
        description:
          'The status of the service in the panel, in upper or lower case. Allowed values: ' +
          `${WORDS.join(', ')}.`,
        examples: ['active'],
      }),
    ),
    plan: Type.Optional(
      Type.String({
        maxLength: 200,
        description: 'The plan of the service in the panel.',
        examples: ['basic'],
      }),
    ),
    email: Type.Optional(
      Type.String({
        maxLength: 254,
        description: "The customer's e-mail address in the panel.",
        examples: [EMAIL],
      }),
    ),
  },
  { title: 'PanelRecord', description: 'The data that the panel has about one service.' },
);

const FixView = Type.Object(
  {
    method: word(['POST', 'PATCH'], 'The HTTP method.', 'POST'),
    path: text('The path of the request.', '/suspend'),
    body: Type.Unsafe<JsonObject>({
      type: 'object',
      additionalProperties: true,
      description: 'The body of the request.',
      examples: [{ service_id: SERVICE }],
    }),
  },
  {
    title: 'FixRequest',
    description:
      "The request that would make the actual state match the panel's record. The value is null if an " +
      'operator must decide.',
  },
);

const DifferenceView = Type.Object(
  {
    service_id: ServiceId,
    field: word(DIFFERENCE_FIELDS, 'The field that differs.', 'status'),
    believed: nullable(text('The value in the panel. The value is null if the panel has none.', 'suspended')),
    actual: nullable(text('The actual value. The value is null if the service does not exist.', 'running')),
    mend: nullable(FixView),
    note: nullable(text('A note for the operator. The value is null if there is no note.', ''), null),
  },
  {
    title: 'PanelDifference',
    description: 'A difference between the record of the panel and the actual state.',
  },
);

const UnlistedView = Type.Object(
  {
    service_id: ServiceId,
    status: StatusText,
    mend: withExample(FixView, { method: 'POST', path: '/delete-site', body: { service_id: SERVICE } }),
  },
  {
    title: 'UnlistedService',
    description: 'A service of the panel that exists, but was not in the request.',
  },
);

export const panelSyncRoute = longRoute({
  call: 'POST /panel/sync',
  id: 'syncPanel',
  tag: 'Services',
  summary: "Compare the panel's records with the actual state",
  description: 'Returns each difference with the request that would fix it. The comparison changes nothing.',
  body: Type.Array(PanelRecord, {
    maxItems: MOST,
    'x-rule': `must be a list of at most ${MOST} objects with service_id, status, plan and email`,
    description: `The panel's services, at most ${MOST}.`,
  }),
  answer: Type.Object({
    differences: Type.Array(DifferenceView, {
      description: 'The differences between the records of the panel and the actual state.',
    }),
    unlisted: Type.Array(UnlistedView, {
      description: 'The services of the panel that exist, but were not in the request.',
      examples: [[]],
    }),
  }),
  done: 'The result of the comparison.',
  bodyLimit: ({ config }) => Math.max(config.api.body_limit_bytes, MOST_BYTES),
  handle: async ({ caller, body }, context, rest) => {
    refuseUnknownWords(body.map(({ status }) => status));
    const records = body.map(({ service_id: id, status, plan, email }) => ({
      serviceId: String(id),
      status: wordOf(status),
      plan,
      email,
    }));
    const { differences, unlisted } = await compareWithPanel(context, caller, records, rest);
    return { differences, unlisted };
  },
});

/** The errors name each invalid record by its position in the list. */
function refuseUnknownWords(sent: readonly (string | undefined)[]): void {
  const problem = `has a status that is not one of: ${WORDS.join(', ')}`;
  const unknown = sent.flatMap((status, position) =>
    status !== undefined && wordOf(status) === undefined ? [[String(position), problem]] : [],
  );
  if (unknown.length > 0) throw invalid(Object.fromEntries(unknown) as Record<string, string>);
}

function wordOf(sent: string | undefined): PanelStatus | undefined {
  const name = sent?.trim().toLowerCase();
  return name !== undefined && isWord(name) ? name : undefined;
}

function isWord(name: string): name is PanelStatus {
  return Object.hasOwn(PANEL_STATUSES, name);
}
