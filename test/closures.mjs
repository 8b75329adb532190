/**
 * Checks how much code a start loads: all that an entry imports statically, as the build writes it. Each job's thread
 * pays for its own, and each call of the command line waits for it. Code that needs more loads it where it is needed:
 * `await import(...)`.
 */
import { build } from 'esbuild';
import { program } from '../esbuild.config.mjs';

/** Bytes; the entry of the thread imports the rest of its code when its priority is set. */
const BUDGETS = [
  {
    of: 'a job thread',
    entries: ['src/jobs/engine/worker.ts', 'src/jobs/engine/thread-main.ts'],
    most: 220_000,
  },
  { of: "a job's process", entries: ['src/jobs/engine/process-main.ts'], most: 220_000 },
  { of: 'the command line', entries: ['src/cli.ts'], most: 110_000 },
];
const SHOWN = 10;

const { metafile } = await build({ ...program('dist'), write: false, metafile: true });
const { outputs } = metafile;

let over = false;
for (const { of, entries, most } of BUDGETS) {
  const files = closure(entries.map(outputOf));
  const bytes = [...files].reduce((sum, name) => sum + outputs[name].bytes, 0);
  console.log(`${of}: ${bytes} of ${most} bytes in ${files.size} files`);
  if (bytes <= most) continue;
  over = true;
  console.error(`${of} loads too much at its start; the largest parts are:`);
  for (const [name, size] of largest(files)) console.error(`${String(size).padStart(9)}  ${name}`);
}
process.exit(over ? 1 : 0);

function outputOf(entry) {
  const found = Object.keys(outputs).find((name) => outputs[name].entryPoint === entry);
  if (found === undefined) throw new Error(`the build has no entry ${entry}`);
  return found;
}

/** These outputs and all that they import before their first line runs. */
function closure(names, seen = new Set()) {
  for (const name of names) {
    if (seen.has(name)) continue;
    seen.add(name);
    const imports = outputs[name].imports.filter(
      ({ kind, external }) => kind === 'import-statement' && !external,
    );
    closure(
      imports.map(({ path }) => path),
      seen,
    );
  }
  return seen;
}

function largest(files) {
  const sizes = [...files].flatMap((name) =>
    Object.entries(outputs[name].inputs).map(([input, { bytesInOutput }]) => [input, bytesInOutput]),
  );
  return sizes.sort((a, b) => b[1] - a[1]).slice(0, SHOWN);
}
