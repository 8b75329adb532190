/**
 * Checks the directions between rooms (.dependency-cruiser.cjs) and that the checker really saw the source: with the
 * wrong compiler it passes over nothing.
 */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cruise } from 'dependency-cruiser';

const config = createRequire(import.meta.url)('../.dependency-cruiser.cjs');
const folders = ['src', 'modules', 'test'];
const files = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')),
);
const { output } = await cruise(folders, {
  ...config.options,
  tsConfig: undefined,
  ruleSet: { forbidden: config.forbidden },
  validate: true,
});
const seen = output.modules.filter(({ source }) => /^(src|modules|test)\/.*\.ts$/.test(source)).length;
for (const { rule, from, to, cycle } of output.summary.violations) {
  console.error(`${rule.name}: ${from} -> ${cycle?.map(({ name }) => name).join(' -> ') ?? to}`);
}
if (seen < files.length) console.error(`only ${seen} of ${files.length} files were looked at`);
console.log(
  `${seen} files, ${output.summary.totalDependenciesCruised} imports, ${output.summary.violations.length} violations`,
);
process.exit(seen >= files.length && seen > 0 && output.summary.error === 0 ? 0 : 1);
