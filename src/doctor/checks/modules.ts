/**
 * Checks modules: whether each installed module can be used, and whether the modules that services need are
 * installed.
 */
import { shellWord } from '../../kernel/command-line.js';
import type { Verified } from '../../state/transfer/verify.js';
import { type Check, ok, type Verdict, wrong, worst } from '../../drivers/shared/doctor/check.js';
import type { DoctorParts } from '../parts.js';

export function modulesCheck(parts: DoctorParts, verify: () => Promise<Verified | undefined>): Check {
  return {
    name: 'modules',
    title: 'modules',
    after: [],
    look: [`innkeeper config check --config ${shellWord(parts.configFile)}`],
    withinMs: 120_000,
    run: async () => {
      // if the state cannot be read, other checks report this
      const documents = await verify().catch(() => undefined);
      return judge(parts, documents?.modules ?? new Set(), documents?.brokenModules ?? []);
    },
  };
}

function judge(
  { config, configFile, products, broken = [] }: DoctorParts,
  needed: ReadonlySet<string>,
  failed: Verified['brokenModules'],
): Verdict {
  const names = products.list().map(({ info }) => info.name);
  const unusable = broken.map(({ name, path, problem }) =>
    wrong(
      `${name}: ${problem}`,
      path === null ? `# in ${configFile}: products.${name}` : `ls -l ${shellWord(path)}`,
    ),
  );
  const inactive = failed
    .filter(({ name }) => !broken.some((one) => one.name === name))
    .map(({ name, reason }) => wrong(`${name}: ${reason}`, 'innkeeper module list'));
  const isTold = (name: string): boolean => [...broken, ...failed].some((one) => one.name === name);
  const absent = [...new Set([config.modules.default_product, ...needed])]
    .filter((name) => !names.includes(name) && !isTold(name))
    .map((name) =>
      wrong(
        needed.has(name)
          ? `${name}: this module is not installed, so its services can only be suspended, resumed and deleted`
          : `${name}: it is the default product (modules.default_product), but is not installed`,
        `# in ${configFile}: add the folder that contains product/${name}/module.js to modules.paths`,
      ),
    );
  return worst([...unusable, ...inactive, ...absent], ok(names.join(', ')));
}
