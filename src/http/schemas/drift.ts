/** Drift in answers. */
import { Type } from 'typebox';
import { Instant, nullable } from './common.js';

export const DriftView = Type.Object(
  { part: Type.String(), problem: Type.String(), since: Instant },
  { description: 'What differs from the records, after two looks.' },
);

export const FindingView = Type.Object({
  id: Type.String(),
  panel: Type.String(),
  service_id: Type.String(),
  part: Type.String(),
  problem: Type.String(),
  expected: Type.String(),
  found: Type.String(),
  safe: Type.Boolean({ description: 'The agent may put it right.' }),
  hint: nullable(Type.String()),
  since: Instant,
});

const OrphanView = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  what: Type.String(),
  service: Type.String({ description: '`<panel>/<service>/<generation>` of its mark' }),
  why: Type.String({ description: '`ended`, `former`, `unknown` or `living`' }),
  doubt: nullable(Type.String({ description: 'Why it is never removed.' })),
  since: Instant,
});

export const reportProperties = {
  looking: Type.Boolean({ description: 'The looks are not finished: ask again.' }),
  at: nullable(Instant),
  findings: Type.Array(FindingView),
  orphans: Type.Array(OrphanView),
  unknown: Type.Array(Type.String(), { description: 'Systems that could not be asked.' }),
  compared: Type.Integer(),
  skipped: Type.Integer({ description: 'Services with an open or a stuck job.' }),
  pending: Type.Integer({ description: 'Seen once only: these do not count yet.' }),
};
