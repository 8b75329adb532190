/** POST /panel/sync */
import { Type } from 'typebox';
import type { JsonObject } from '../../../kernel/json.js';
import {
  type PanelStatus,
  PANEL_STATUSES,
  compareWithPanel,
  DIFFERENCE_FIELDS,
} from '../../../drift/panel-sync.js';
import { invalid } from '../../../kernel/invalid.js';
import { callerOf } from '../../guards/auth.js';
import { listWriter, sendJson } from '../../server/long-list.js';
import type { Route } from '../../server/route.js';
import { failures, nullable, ServiceIdIn, StatusText, success } from '../../schemas/common.js';

const MOST = 10_000;
/** For that many, with names and addresses of some length. */
const MOST_BYTES = 4 * 1024 ** 2;
const WORDS = Object.keys(PANEL_STATUSES).filter(isWord);

const Belief = Type.Object({
  service_id: ServiceIdIn,
  status: Type.Optional(
    Type.String({
      maxLength: 40,
      description: `The panel's word, without regard to case: ${WORDS.join(', ')}.`,
    }),
  ),
  plan: Type.Optional(Type.String({ maxLength: 200 })),
  email: Type.Optional(Type.String({ maxLength: 254 })),
});

const MendView = Type.Object(
  {
    method: Type.Enum(['POST', 'PATCH']),
    path: Type.String(),
    body: Type.Unsafe<JsonObject>({ type: 'object', additionalProperties: true }),
  },
  { description: 'The call that would make it so; null when a person must look.' },
);

const DifferenceView = Type.Object({
  service_id: Type.String(),
  field: Type.Enum([...DIFFERENCE_FIELDS]),
  believed: nullable(Type.String()),
  actual: nullable(Type.String()),
  mend: nullable(MendView),
  note: nullable(Type.String()),
});

const UnlistedView = Type.Object({ service_id: Type.String(), status: StatusText, mend: MendView });

const schema = {
  summary: 'Holds what the panel believes against what is',
  description: 'Answers the differences, each with the call that would mend it. Changes nothing.',
  tags: ['Services'],
  body: Type.Array(Belief, {
    maxItems: MOST,
    'x-rule': `must be a list of at most ${MOST} objects with service_id, status, plan and email`,
  }),
  response: {
    200: success(
      {
        differences: Type.Array(DifferenceView),
        unlisted: Type.Array(UnlistedView, {
          description: 'Services that are here and were not named.',
        }),
      },
      'The comparison.',
    ),
  },
  failures: failures('invalid_json', 'payload_too_large', 'unsupported_media_type'),
};

export const panelSyncRoute: Route = (app, context) => {
  const bodyLimit = Math.max(context.config.api.body_limit_bytes, MOST_BYTES);
  const writeDifferences = listWriter(DifferenceView);
  const writeUnlisted = listWriter(UnlistedView);
  app.post('/panel/sync', { schema, bodyLimit }, async (request, reply): Promise<void> => {
    const rest = context.mainThread.restFor(request);
    const beliefs = request.body.map(({ service_id: id, status, plan, email }, position) => ({
      serviceId: String(id),
      status: wordOf(status, position),
      plan,
      email,
    }));
    const { differences, unlisted } = await compareWithPanel(context, callerOf(request), beliefs, rest);
    const [different, missing] = [
      await writeDifferences(differences, rest),
      await writeUnlisted(unlisted, rest),
    ];
    await sendJson(reply, `{"success":true,"differences":${different},"unlisted":${missing}}`);
  });
};

function wordOf(sent: string | undefined, position: number): PanelStatus | undefined {
  if (sent === undefined) return undefined;
  const word = sent.trim().toLowerCase();
  if (isWord(word)) return word;
  throw invalid({ [String(position)]: `has a status that is none of: ${WORDS.join(', ')}` });
}

function isWord(text: string): text is PanelStatus {
  return Object.hasOwn(PANEL_STATUSES, text);
}
