/** The error for a request with invalid fields. */
import { AgentError } from './errors.js';

/** Maximum number of problems in the message, because a panel shows the message to a person. */
const MOST_NAMED = 5;

/**
 * `fields` maps the name of each invalid field to its problem. The error contains all of them, its message only the
 * first ones.
 */
export function invalid(fields: Readonly<Record<string, string>>): AgentError {
  const problems = Object.entries(fields).map(([name, problem]) => `${name} ${problem}`);
  const more = problems.length - MOST_NAMED;
  const told = problems.slice(0, MOST_NAMED).join('; ');
  const rest = more > 0 ? `; ${more} more ${more === 1 ? 'field is' : 'fields are'} wrong` : '';
  return new AgentError('invalid_request', `${told || 'The request is not valid'}${rest}.`, { fields });
}
