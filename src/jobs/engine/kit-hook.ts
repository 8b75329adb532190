/**
 * Resolves `innkeeper/module` for the code of modules to the kit of the running release, wherever the module lies. Node
 * runs this file in a thread of its own (`offer-kit.ts`).
 */

interface Resolved {
  readonly url: string;
  readonly shortCircuit?: boolean;
}

const KIT = new URL('../../modules/authoring/module.js', import.meta.url).href;

export async function resolve(
  specifier: string,
  context: object,
  next: (specifier: string, context: object) => Promise<Resolved>,
): Promise<Resolved> {
  return specifier === 'innkeeper/module' ? { url: KIT, shortCircuit: true } : next(specifier, context);
}
