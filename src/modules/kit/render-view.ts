/**
 * Renders the templates of a module, `views/<name>.eta` beside its `module.js`. Templates are code, so they run in the
 * module's own thread or process, and never in the main thread.
 */
import { join } from 'node:path';
import { Eta } from 'eta';
import { AgentError } from '../../kernel/errors.js';

export type Render = (name: string, data?: object) => Promise<string>;

/** Maximum length of a page in characters. */
const LONGEST = 1024 ** 2;
const NAME = /^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/;

/** `folder`: the folder with the templates. `common`: values that every template gets besides its data. */
export function renderer(folder: string, common: object): Render {
  // all values are escaped, except those that a template writes with `<%~ %>`
  const eta = new Eta({ views: folder, cache: true, autoEscape: true });
  return async (name, data = {}) => {
    if (!NAME.test(name)) throw failed(`${JSON.stringify(name).slice(0, 100)} is not the name of a template`);
    const text = await rendered(eta, name, { ...common, ...data });
    if (text.length > LONGEST) throw failed(`${name}: the page has more than ${LONGEST} characters`);
    return text;
  };
}

async function rendered(eta: Eta, name: string, data: object): Promise<string> {
  try {
    return await eta.renderAsync(join('/', name), data);
  } catch (error) {
    throw failed(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function failed(detail: string): AgentError {
  return new AgentError('module_failed', 'A page of the module cannot be shown.', {
    retryable: false,
    detail,
  });
}
