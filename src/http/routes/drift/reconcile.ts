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
    'Compares twice, and reports only differences that both comparisons found. Changes nothing. ' +
    'While `looking` is true, repeat the request.',
  answer: ReportView,
  answers: { 200: 'The confirmed differences so far.' },
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
    parts: list('What is repaired.', ['proxy']),
    job_id: nullable(text('The job that makes the repair. Null: none was started.', JOB)),
    problem: nullable(text('Why the repair was not started. Null: it was started.', ''), null),
  },
  { title: 'DriftRepair', description: 'A repair of one service.' },
);

const RemovalView = Type.Object(
  {
    what: text('The orphan.', `container ${VMID} on ${NODE}`),
    problem: nullable(text('Why the orphan was not removed. Null: it was removed.', ''), null),
  },
  { title: 'OrphanRemoval', description: 'The removal of one orphan.' },
);

export const repairDriftRoute = jsonRoute({
  call: 'POST /reconcile/repair',
  id: 'repairDrift',
  tag: 'Operation',
  summary: 'Repair differences and remove orphans',
  description:
    'Makes the safe repairs and removes the named orphans, if the last report contains them and they ' +
    'still exist. Repairs are jobs; orphans are removed immediately.',
  body: Type.Object({
    findings: Ids('IDs of findings to repair.'),
    orphans: Ids('IDs of orphans to remove.'),
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
  answers: { 200: 'Repairs have started, and orphans were removed.' },
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
