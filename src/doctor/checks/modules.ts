/** Modules: whether each that is there can be used, and whether those that services need are there. */
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
      // a state that cannot be read is told by its own lines
      const documents = await verify().catch(() => undefined);
      return judge(parts, documents?.modules ?? new Set());
    },
  };
}

function judge(
  { config, configFile, products, broken = [] }: DoctorParts,
  needed: ReadonlySet<string>,
): Verdict {
  const names = products.list().map(({ info }) => info.name);
  const unusable = broken.map(({ name, path, problem }) =>
    wrong(
      `${name}: ${problem}`,
      path === null ? `# in ${configFile}: products.${name}` : `ls -l ${shellWord(path)}`,
    ),
  );
  const isTold = (name: string): boolean => broken.some((one) => one.name === name);
  const absent = [...new Set([config.modules.default_product, ...needed])]
    .filter((name) => !names.includes(name) && !isTold(name))
    .map((name) =>
      wrong(
        needed.has(name)
          ? `${name}: services need it, and it is not installed: nothing can be done with them`
          : `${name}: it is the product of orders that name none (modules.default_product), and is not installed`,
        `# in ${configFile}: modules.paths, the folder that holds product/${name}/module.js`,
      ),
    );
  return worst([...unusable, ...absent], ok(names.join(', ')));
}
