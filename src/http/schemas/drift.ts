/** Drift in responses. */
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
    '`missing`: the object does not exist. `different`: it exists, but differs from the records. ' +
      '`surplus`: it exists, but should not. `foreign`: it belongs to something else.',
    'missing',
  ),
);

export const DriftView = Type.Object(
  {
    part: text(PARTS, 'proxy'),
    problem,
    since: instant('Since when the part has differed.'),
  },
  {
    title: 'Drift',
    description: 'A difference between the records and the actual state, confirmed by a second comparison.',
  },
);

export const FindingView = Type.Object(
  {
    id: text(
      'Identifies the finding in `POST /reconcile/repair`.',
      'default/12345 proxy missing customer.sites.example.net (nothing)',
    ),
    panel: text('The panel that the service belongs to.', 'default'),
    service_id: ServiceId,
    part: text(PARTS, 'proxy'),
    problem,
    expected: text('The recorded state.', 'customer.sites.example.net'),
    found: text('The actual state.', '(nothing)'),
    safe: flag('True: the agent may repair it.', true),
    hint: nullable(text('What an operator can do. Null: nothing is needed.', ''), null),
    since: instant('Since when the part has differed.'),
  },
  {
    title: 'DriftFinding',
    description: 'A difference between the records and the actual state, with details for operators.',
  },
);

const OrphanView = Type.Object(
  {
    id: text(
      'Identifies the orphan in `POST /reconcile/repair`.',
      `container container ${VMID} on pve1 default/${SERVICE}/1`,
    ),
    kind: text('The kind of object: `container`, `ha`, `dns` or `proxy`.', 'container'),
    what: text('The object.', `container ${VMID} on pve1`),
    service: text('The service in the mark of the object: panel/id/generation.', `default/${SERVICE}/1`),
    why: text(
      'Why it is an orphan: the service has `ended`, the mark names a `former` generation, the service ' +
        'is `unknown`, or the service is `living` and uses a different object.',
      'ended',
    ),
    doubt: nullable(text('Why the agent never removes it. Null: it may be removed.', ''), null),
    since: instant('Since when the orphan has been known.'),
  },
  { title: 'Orphan', description: "An object with this agent's mark that belongs to no service." },
);

export const ReportView = Type.Object(
  {
    looking: flag('True: the comparison is still running. Repeat the request.', false),
    at: nullable(instant('When the systems were last compared. Null: not yet.')),
    findings: Type.Array(FindingView, {
      description: 'Differences between the records and the actual state.',
    }),
    orphans: Type.Array(OrphanView, {
      description: "Objects with this agent's mark that belong to no service.",
    }),
    unknown: list('Systems that could not be read.', []),
    compared: whole('The number of services that were compared.', 40),
    skipped: whole(
      'The number of services that were not compared because one of their jobs is open or stuck.',
      0,
    ),
    pending: whole(
      'The number of differences that were seen only once. They count when they are seen again.',
      0,
    ),
  },
  { title: 'DriftReport', description: 'The result of comparing the records with the actual state.' },
);
