/** Reads the name of a module as operators write it. */
import { CommandFailure } from '../shared/failure.js';

/** `/modules/{type}/{name}` for `<type>/<name>`. */
export function modulePath(name: string): string {
  const [type = '', word, ...rest] = name.split('/');
  if (word === undefined || rest.length > 0)
    throw new CommandFailure(`Expected <type>/<name>, for example product/wordpress, found "${name}".`);
  return `/modules/${encodeURIComponent(type)}/${encodeURIComponent(word)}`;
}
