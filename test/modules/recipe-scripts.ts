/**
 * Every script that a shipped product runs in a container, as a job or a template's build hands it to the exec driver:
 * all steps of all jobs are run once.
 */
import { importModule } from '../../src/jobs/engine/import-module.js';
import { AgentError } from '../../src/kernel/errors.js';
import { JOB_KINDS } from '../../src/model/job-kinds.js';
import type { ScriptCall } from '../../src/modules/kit/host-call-types.js';
import type { Product } from '../../src/modules/kit/product.js';
import { findModules, shippedModules } from '../../src/modules/loader.js';
import { settingsOf } from '../fakes/registered-product.js';
import { fakeStep, type FakeStepOptions } from '../fakes/step-context.js';

type Script = Pick<ScriptCall, 'name' | 'body' | 'values'>;

/** What each flow is run with; a product that does not know a setting ignores it. */
const VARIANTS = [{ source: 'scratch' }, { source: 'template' }];
const ARGS = { link: 'id', sha256: 'f'.repeat(64), name: 'backup-1', discard_newer: false };
/** With another name than its first, so that there is something to set in the site. */
const NAMES = ['alice.sites.example.net', 'shop.example.org'];
/** Without these in its data a site has nothing to be set to. */
const DATA = { owner_email: 'former@example.com', site_address: 'another' };

export async function recipeScripts(
  service: NonNullable<FakeStepOptions['service']> = {},
): Promise<Script[]> {
  const found = new Map<string, Script>();
  for (const product of await shippedProducts()) {
    for (const given of VARIANTS)
      for (const method of Object.keys(JOB_KINDS)) await collect(product, method, given, service, found);
    for (const script of product.template(settingsOf(product))?.scripts ?? [])
      found.set(script.name, { ...script, values: {} });
  }
  return [...found.values()];
}

async function shippedProducts(): Promise<Product[]> {
  const modules = await Promise.all(
    (await findModules([shippedModules()])).map(({ path }) => importModule(path)),
  );
  return modules.filter(hasGuest);
}

/** Only products with a container run scripts. Built modules have their own copy of the class. */
function hasGuest(module: object): module is Product {
  return 'parts' in module && Array.isArray(module.parts) && module.parts.includes('guest');
}

async function collect(
  product: Product,
  method: string,
  given: (typeof VARIANTS)[number],
  service: NonNullable<FakeStepOptions['service']>,
  found: Map<string, Script>,
): Promise<void> {
  const settings = settingsOf(product, given);
  const guest = { ...service.guest, power: 'running' as const };
  const site = { names: NAMES, ...service.site };
  for (const name of Object.keys(flowOf(product, method))) {
    const fake = fakeStep({ settings, args: ARGS, service: { data: DATA, ...service, guest, site } });
    // the fake answers nothing: a step that needs more has run its scripts before it fails
    await Promise.resolve(flowOf(product, method)[name]?.run(fake.context)).catch(ofTheFake);
    for (const script of fake.scripts) found.set(script.name, script);
  }
}

function flowOf(product: Product, method: string): ReturnType<Product['flow']> {
  try {
    return product.flow(method);
  } catch (error) {
    ofTheFake(error);
    return {};
  }
}

function ofTheFake(error: unknown): void {
  if (!(error instanceof AgentError)) throw error;
}
