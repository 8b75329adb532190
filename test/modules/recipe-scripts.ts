/**
 * Every script that the shipped product runs in a container, as a job or a template's build hands it to the exec
 * driver.
 */
import WordPress from '../../modules/product/wordpress/module.js';
import { AgentError } from '../../src/kernel/errors.js';
import type { JsonObject } from '../../src/kernel/json.js';
import type { ScriptCall } from '../../src/modules/kit/host-call-types.js';
import { settingsOf } from '../fakes/registered-product.js';
import { fakeStep, type FakeStepOptions } from '../fakes/step-context.js';

/** Steps that bring a change to a site, by job. */
const RUNS = [
  ['create', 'install', 'scratch'],
  ['setEmail', 'site', 'template'],
  ['resetPassword', 'site', 'template'],
  ['setPrimary', 'site', 'template'],
  ['loginLink', 'site', 'template'],
] as const;

/** With another name than its first, so that there is something to tell the site. */
const NAMES = ['alice.sites.example.net', 'shop.example.org'];

function orRethrow(error: unknown): void {
  if (!(error instanceof AgentError && error.code === 'administrator_missing')) throw error;
}

export async function recipeScripts(
  service: NonNullable<FakeStepOptions['service']> = {},
): Promise<Pick<ScriptCall, 'name' | 'body' | 'values'>[]> {
  const product = new WordPress();
  const found = new Map<string, Pick<ScriptCall, 'name' | 'body' | 'values'>>();
  for (const [method, step, source] of RUNS) {
    const settings: JsonObject = settingsOf(product, { source });
    const args = { link: 'id', sha256: 'f'.repeat(64) };
    const guest = { ...service.guest, power: 'running' as const };
    const site = { names: NAMES, ...service.site };
    const fake = fakeStep({ settings, args, service: { ...service, guest, site } });
    // a script that says nothing has set no password
    await product.flow(method)[step]?.run(fake.context).catch(orRethrow);
    for (const script of fake.scripts) found.set(script.name, script);
  }
  for (const script of product.template(settingsOf(product)).scripts)
    found.set(script.name, { ...script, values: {} });
  return [...found.values()];
}
