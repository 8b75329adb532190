/** POST /reconcile and POST /reconcile/repair: for the operator at the socket, across all panels. */
import { Type } from 'typebox';
import { viewReport } from '../../../drift/view-drift.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, nullable, success } from '../../schemas/common.js';
import { reportProperties } from '../../schemas/drift.js';

/** No answer takes longer than 20 s. */
const MOST_WAIT_MS = 18_000;

const Ids = Type.Optional(Type.Array(Type.String({ maxLength: 4000 }), { maxItems: 10_000 }));

const lookSchema = {
  summary: 'Compares what the records say with what is there',
  description: 'Two looks; only what both found counts. Changes nothing. While `looking`, ask again.',
  tags: ['Operation'],
  response: { 200: success(reportProperties, 'What counts so far.') },
  failures: failures(),
};

export const reconcileRoute: Route = (app, { reconcile }) => {
  app.post('/reconcile', { schema: lookSchema }, async () => {
    const { looking, report } = await reconcile.ask(MOST_WAIT_MS);
    return { success: true as const, looking, ...viewReport(report) };
  });
};

const repairSchema = {
  summary: 'Puts right what is safe, and removes orphans that are named',
  description:
    'Only what the last report shows and what is still so. Repairs are jobs; orphans are removed at once.',
  tags: ['Operation'],
  body: Type.Object({
    findings: Ids,
    orphans: Ids,
    unknown: Type.Optional(
      Type.Boolean({ description: 'Also orphans of services that the state does not know.' }),
    ),
  }),
  response: {
    200: success(
      {
        repairs: Type.Array(
          Type.Object({
            service: Type.String(),
            parts: Type.Array(Type.String()),
            job_id: nullable(Type.String()),
            problem: nullable(Type.String()),
          }),
        ),
        removals: Type.Array(Type.Object({ what: Type.String(), problem: nullable(Type.String()) })),
      },
      'Begun and done.',
    ),
  },
  failures: failures('invalid_json'),
};

export const repairDriftRoute: Route = (app, { reconcile }) => {
  app.post('/reconcile/repair', { schema: repairSchema }, async (request) => {
    const { findings = [], orphans = [], unknown = false } = request.body;
    const repairs = await reconcile.repair(callerOf(request), findings);
    const removals = await reconcile.remove(orphans, { unknown });
    return {
      success: true as const,
      repairs: repairs.map(({ key, parts, jobId, problem }) => ({
        service: key,
        parts: [...parts],
        job_id: jobId,
        problem,
      })),
      removals: removals.map((one) => ({ ...one })),
    };
  });
};
