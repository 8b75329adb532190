/** Drift in answers. */
import { Type } from 'typebox';
import { SERVICE, VMID } from './examples.js';
import { flag, instant, list, nullable, text, whole, word } from './fields.js';
import { ServiceId } from './common.js';

const PARTS =
  'The part of the service that differs: `power`, `resources`, `dns`, `proxy`, `certificate`, ...';
const PROBLEMS = ['missing', 'different', 'surplus', 'foreign'] as const;
const problem = Type.Unsafe<string>(
  word(
    PROBLEMS,
    '`missing`: it is not there. `different`: it is there, but not as recorded. `surplus`: it is there and should not be. `foreign`: it belongs to something else.',
    'missing',
  ),
);

export const DriftView = Type.Object(
  {
    part: text(PARTS, 'proxy'),
    problem,
    since: instant('Since when it differs.'),
  },
  {
    title: 'Drift',
    description: 'A difference between the records and the actual state, confirmed by a second comparison.',
  },
);

export const FindingView = Type.Object(
  {
    id: text(
      'Names the finding in `POST /reconcile/repair`.',
      'default/12345 proxy missing customer.sites.example.net (nothing)',
    ),
    panel: text('The panel that the service belongs to.', 'default'),
    service_id: ServiceId,
    part: text(PARTS, 'proxy'),
    problem,
    expected: text('What the records say.', 'customer.sites.example.net'),
    found: text('What is there.', '(nothing)'),
    safe: flag('True: the agent may fix it.', true),
    hint: nullable(text('What an operator can do. Null: nothing is needed.', ''), null),
    since: instant('Since when it differs.'),
  },
  {
    title: 'DriftFinding',
    description: 'A difference between the records and the actual state, with details for operators.',
  },
);

const OrphanView = Type.Object(
  {
    id: text(
      'Names the orphan in `POST /reconcile/repair`.',
      `container container ${VMID} on pve1 default/${SERVICE}/1`,
    ),
    kind: text('What it is: `container`, `ha`, `dns` or `proxy`.', 'container'),
    what: text('Which one it is.', `container ${VMID} on pve1`),
    service: text('The service that its mark names: panel/id/generation.', `default/${SERVICE}/1`),
    why: text(
      'Why it is an orphan: the service has `ended`, it is of a `former` generation, the service is `unknown`, or it is `living` and has another one.',
      'ended',
    ),
    doubt: nullable(text('Why the agent never removes it. Null: it may be removed.', ''), null),
    since: instant('Since when it is known.'),
  },
  { title: 'Orphan', description: "Something that carries this agent's mark and belongs to no service." },
);

export const ReportView = Type.Object(
  {
    looking: flag('True: the comparison is still running. Repeat the request.', false),
    at: nullable(instant('When the systems were last compared. Null: not yet.')),
    findings: Type.Array(FindingView, {
      description: 'Differences between the records and the actual state.',
    }),
    orphans: Type.Array(OrphanView, {
      description: 'Things that carry the mark of this agent and belong to no service.',
    }),
    unknown: list('Systems that could not be read.', []),
    compared: whole('How many services were compared.', 40),
    skipped: whole('How many services were not compared, because a job on them is open or stuck.', 0),
    pending: whole('How many differences were seen once only. They count when seen again.', 0),
  },
  { title: 'DriftReport', description: 'The result of comparing the records with the actual state.' },
);
