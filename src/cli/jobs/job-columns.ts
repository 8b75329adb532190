/** The columns of a table of jobs. */
import { causeOf } from '../../kernel/cause.js';
import { type Fields, fieldsOf } from '../shared/daemon.js';
import { formatCell } from '../shared/format-cell.js';
import { type Column, column } from '../shared/print.js';

/**
 * Returns the remote system's own message, because the message for customers does not contain enough information for
 * operators.
 */
export function causeIn({ message, detail }: Fields): string | null {
  if (typeof message !== 'string') return null;
  return causeOf({ message, ...(typeof detail === 'string' ? { detail } : {}) });
}

export const why = (job: Fields): unknown => {
  const waiting = fieldsOf(job['waiting']);
  const cause = causeIn(fieldsOf(job['error']));
  if (waiting['for'] === undefined) return cause;
  const text = `waits for the ${formatCell(waiting['for'])} until ${formatCell(waiting['until'])}`;
  return cause === null ? text : `${text} (${cause})`;
};

export const jobColumns: readonly Column[] = [
  column('id'),
  column('service', 'service_id'),
  column('method'),
  column('status'),
  column('step'),
  { title: 'done', text: (job) => `${formatCell(job['steps_done'])}/${formatCell(job['steps_total'])}` },
  column('created_at'),
  { title: 'why', text: why },
];
