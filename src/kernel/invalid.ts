/** The refusal of a request whose fields are not valid. */
import { AgentError } from './errors.js';

/** One sentence from the first problem, all of them in `errors`. */
export function invalid(fields: Readonly<Record<string, string>>): AgentError {
  const [name = 'request', problem = 'is not valid'] = Object.entries(fields)[0] ?? [];
  return new AgentError('invalid_request', `${name} ${problem}.`, { fields });
}
