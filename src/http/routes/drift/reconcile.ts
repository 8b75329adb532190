/** POST /reconcile and POST /reconcile/repair: for the operator at the socket, across all panels. */
import { Type } from 'typebox';
import { viewReport } from '../../../drift/view-drift.js';
import { ReportView } from '../../schemas/drift.js';
import { JOB, NODE, SERVICE, VMID } from '../../schemas/examples.js';
import { list, nullable, text } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

/** No response takes longer than 20 s. */
const MOST_WAIT_MS = 18_000;

export const reconcileRoute = jsonRoute({
  call: 'POST /reconcile',
  id: 'compareState',
  tag: 'Operation',
  summary: 'Compare the records with the actual state',
  description:
    'Makes two comparisons, and reports only differences that both comparisons found. The request ' +
    'changes nothing. While `looking` is true, repeat the request.',
  answer: ReportView,
  answers: { 200: 'The differences that have been confirmed so far.' },
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
    service: text('The service, in the form `panel/id`.', `default/${SERVICE}`),
    parts: list('The parts of the service that are repaired.', ['proxy']),
    job_id: nullable(
      text('The ID of the job that makes the repair. The value is null if no job was started.', JOB),
    ),
    problem: nullable(
      text('Why the repair was not started. The value is null if the repair was started.', ''),
      null,
    ),
  },
  { title: 'DriftRepair', description: 'The repair of one service.' },
);

const RemovalView = Type.Object(
  {
    what: text('A description of the orphan.', `container ${VMID} on ${NODE}`),
    problem: nullable(
      text('Why the orphan was not removed. The value is null if the orphan was removed.', ''),
      null,
    ),
  },
  { title: 'OrphanRemoval', description: 'The removal of one orphan.' },
);

export const repairDriftRoute = jsonRoute({
  call: 'POST /reconcile/repair',
  id: 'repairDrift',
  tag: 'Operation',
  summary: 'Repair differences and remove orphans',
  description:
    'Repairs the named findings that are safe to repair, and removes the named orphans. A finding or ' +
    'orphan is skipped if the last report does not contain it, or if it no longer exists. Each repair ' +
    'is a job. Orphans are removed immediately.',
  body: Type.Object({
    findings: Ids('The IDs of the findings to repair.'),
    orphans: Ids('The IDs of the orphans to remove.'),
    unknown: Type.Optional(
      Type.Boolean({
        description:
          'If true, the named orphans are removed even if the state has no record of their services.',
        examples: [false],
      }),
    ),
  }),
  answer: Type.Object({
    repairs: Type.Array(RepairView, { description: 'The repairs.' }),
    removals: Type.Array(RemovalView, { description: 'The removals.' }),
  }),
  answers: { 200: 'The repairs were started, and the orphans were removed.' },
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
