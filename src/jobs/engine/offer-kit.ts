/** Lets the code of modules import `innkeeper/module`. */
import { createRequire, register } from 'node:module';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildFolder } from '../../kernel/build-folder.js';

/**
 * Makes sure that a module finds the kit of the running release. The copies in the state folder find it by a link
 * (`modules/kit-link.ts`). For modules in other folders, Node resolves the name with a hook, which costs a thread. Code
 * of this build has its own copy of the kit. `path`: the absolute path of `module.js`.
 */
export function offerKit(path: string): void {
  const build = buildFolder();
  if (path.startsWith(build + sep) || kitOf(path)?.startsWith(build + sep)) return;
  register(pathToFileURL(join(build, 'src', 'jobs', 'engine', 'kit-hook.js')));
}

/** The kit that Node finds without help. */
function kitOf(path: string): string | undefined {
  try {
    return createRequire(path).resolve('innkeeper/module');
  } catch {
    return undefined;
  }
}
