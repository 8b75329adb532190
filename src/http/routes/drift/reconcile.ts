/** POST /reconcile and POST /reconcile/repair: for the operator at the socket, across all panels. */
import { Type } from 'typebox';
import { viewReport } from '../../../drift/view-drift.js';
import { ReportView } from '../../schemas/drift.js';
import { JOB, NODE, SERVICE, VMID } from '../../schemas/examples.js';
import { list, nullable, text } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

/** No answer takes longer than 20 s. */
const MOST_WAIT_MS = 18_000;

export const reconcileRoute = jsonRoute({
  call: 'POST /reconcile',
  id: 'compareState',
  tag: 'Operation',
  summary: 'Compare the records with the actual state',
  description:
    'Compares twice; only what both comparisons found counts. Changes nothing. While `looking` is true, repeat the request.',
  answer: ReportView,
  answers: { 200: 'What counts so far.' },
  handle: async (_, { reconcile }) => {
    const { looking, report } = await reconcile.ask(MOST_WAIT_MS);
    return { looking, ...viewReport(report) };
  },
});

const Ids = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ maxLength: 4000 }), { maxItems: 10_000, description, examples: [[]] }),
  );

const RepairView = Type.Object(
  {
    service: text('The service: panel/id.', `default/${SERVICE}`),
    parts: list('What is being fixed.', ['proxy']),
    job_id: nullable(text('The job that fixes it. Null: none was started.', JOB)),
    problem: nullable(text('Why it was not started. Null: it was.', ''), null),
  },
  { title: 'DriftRepair', description: 'A repair of one service.' },
);

const RemovalView = Type.Object(
  {
    what: text('Which orphan.', `container ${VMID} on ${NODE}`),
    problem: nullable(text('Why it was not removed. Null: it was.', ''), null),
  },
  { title: 'OrphanRemoval', description: 'The removal of one orphan.' },
);

export const repairDriftRoute = jsonRoute({
  call: 'POST /reconcile/repair',
  id: 'repairDrift',
  tag: 'Operation',
  summary: 'Fix differences and remove orphans',
  description:
    'Fixes what is safe and removes orphans that are named, if the last report shows them and they are still there. Repairs are jobs; orphans are removed at once.',
  body: Type.Object({
    findings: Ids('Ids of findings to fix.'),
    orphans: Ids('Ids of orphans to remove.'),
    unknown: Type.Optional(
      Type.Boolean({
        description: 'True: also remove orphans of services that the state does not know.',
        examples: [false],
      }),
    ),
  }),
  answer: Type.Object({
    repairs: Type.Array(RepairView, { description: 'The repairs.' }),
    removals: Type.Array(RemovalView, { description: 'The removals.' }),
  }),
  answers: { 200: 'Repairs have started, and orphans are removed.' },
  handle: async ({ caller, body }, { reconcile }) => {
    const { findings = [], orphans = [], unknown = false } = body;
    const repairs = await reconcile.repair(caller, findings);
    const removals = await reconcile.remove(orphans, { unknown });
    return {
      repairs: repairs.map(({ key, parts, jobId, problem }) => ({
        service: key,
        parts: [...parts],
        job_id: jobId,
        problem,
      })),
      removals: removals.map((one) => ({ ...one })),
    };
  },
});
