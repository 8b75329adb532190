/** Drift in responses. */
import { Type } from 'typebox';
import { SERVICE, VMID } from './examples.js';
import { flag, instant, list, nullable, text, whole, word } from './fields.js';
import { ServiceId } from './common.js';

const PARTS =
  'The part of the service that differs, such as `power`, `resources`, `dns`, `proxy`, `certificate` or ' +
  '`account`.';
const PROBLEMS = ['missing', 'different', 'surplus', 'foreign'] as const;
const problem = Type.Unsafe<string>(
  word(
    PROBLEMS,
    '`missing`: the object does not exist. `different`: the object differs from the records. ' +
      '`surplus`: the object exists, but should not. `foreign`: the object does not belong to this ' +
      'service.',
    'missing',
  ),
);

export const DriftView = Type.Object(
  {
    part: text(PARTS, 'proxy'),
    problem,
    since: instant('The time at which the difference was first found.'),
  },
  {
    title: 'Drift',
    description: 'A difference between the records and the actual state, confirmed by a second comparison.',
  },
);

export const FindingView = Type.Object(
  {
    id: text(
      'The ID of the finding for `POST /reconcile/repair`.',
      'default/12345 proxy missing customer.sites.example.net (nothing)',
    ),
    panel: text('The panel that the service belongs to.', 'default'),
    service_id: ServiceId,
    part: text(PARTS, 'proxy'),
    problem,
    expected: text('The state according to the records.', 'customer.sites.example.net'),
    found: text('The actual state.', '(nothing)'),
    safe: flag('True if the agent may repair the difference automatically.', true),
    hint: nullable(
      text('What an operator can do about the difference. The value is null if no action is needed.', ''),
      null,
    ),
    since: instant('The time at which the difference was first found.'),
  },
  {
    title: 'DriftFinding',
    description: 'A difference between the records and the actual state, with details for operators.',
  },
);

const OrphanView = Type.Object(
  {
    id: text(
      'The ID of the orphan for `POST /reconcile/repair`.',
      `container container ${VMID} on pve1 default/${SERVICE}/1`,
    ),
    kind: text('The kind of object: `container`, `ha`, `dns` or `proxy`.', 'container'),
    what: text('A description of the object.', `container ${VMID} on pve1`),
    service: text(
      'The service that the mark of the object names, in the form `panel/id/generation`.',
      `default/${SERVICE}/1`,
    ),
    why: text(
      'Why the object is an orphan. `ended`: its service was deleted. `former`: its mark names an ' +
        'earlier generation of the service. `unknown`: the state has no record of its service. ' +
        '`living`: its service exists, but uses a different object.',
      'ended',
    ),
    doubt: nullable(
      text('Why the agent never removes the object. The value is null if the agent may remove it.', ''),
      null,
    ),
    since: instant('The time at which the orphan was first found.'),
  },
  { title: 'Orphan', description: "An object that has this agent's mark but belongs to no service." },
);

export const ReportView = Type.Object(
  {
    looking: flag(
      'True while the comparison is still running. Repeat the request to get the result of the ' +
        'comparison.',
      false,
    ),
    at: nullable(
      instant(
        'The time at which the records were last compared with the systems. The value is null before ' +
          'the first comparison.',
      ),
    ),
    findings: Type.Array(FindingView, {
      description: 'The differences between the records and the actual state.',
    }),
    orphans: Type.Array(OrphanView, {
      description: "The objects that have this agent's mark but belong to no service.",
    }),
    unknown: list('The systems whose state could not be read.', []),
    compared: whole('The number of services that were compared.', 40),
    skipped: whole(
      'The number of services that were not compared because they have an open or stuck job.',
      0,
    ),
    pending: whole(
      'The number of differences that only one comparison has found so far. A difference is reported ' +
        'once a second comparison confirms it.',
      0,
    ),
  },
  { title: 'DriftReport', description: 'The result of a comparison of the records with the actual state.' },
);
