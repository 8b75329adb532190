/**
 * A copy of the project in a temporary folder, built file by file, so that a change of one source file takes effect
 * at once.
 */
import { cp, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildOptions, Metafile } from 'esbuild';

const LEFT_OUT = new Set(['node_modules', 'dist', '.git', '.builds', '.tap', '.sandbox']);

export interface Copy {
  readonly folder: string;
  /** Which files the project's own build has put into which bundle. */
  readonly metafile: Metafile;
  /** Replaces the file's text and its code in the build. @param file relative to the project */
  change(file: string, text: string): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Changes the working folder of the process to the copy, since the build depends on it. Throws when the project does
 * not build.
 */
export async function copyOf(project: string): Promise<Copy> {
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-mutate-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await cp(project, folder, {
      recursive: true,
      filter: (from) => !LEFT_OUT.has(basename(from)) || resolve(from) === resolve(project),
    });
    await symlink(join(project, 'node_modules'), join(folder, 'node_modules'));
    process.chdir(folder);
    const metafile = await bundled();
    await compile(await sources());
    return {
      folder,
      metafile,
      async change(file, text) {
        await writeFile(file, text);
        await compile([file]);
      },
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Builds the program as installed, and returns esbuild's metafile for bundles of the tests. */
async function bundled(): Promise<Metafile> {
  const { bundle, tests } = (await import(pathToFileURL('esbuild.config.mjs').href)) as {
    bundle: (outdir: string, withTests: boolean) => Promise<void>;
    tests: (outdir: string) => BuildOptions;
  };
  await bundle('dist', false);
  const { build } = await esbuild();
  const options: BuildOptions & { readonly write: false; readonly metafile: true } = {
    ...tests('dist'),
    write: false,
    metafile: true,
  };
  return (await build(options)).metafile;
}

/** Loaded only after the working folder was changed, since esbuild keeps the folder in which it was loaded. */
const esbuild = (): Promise<typeof import('esbuild')> => import('esbuild');

async function sources(): Promise<string[]> {
  const names = await Promise.all(
    ['src', 'modules', 'test'].map(async (top) =>
      (await readdir(top, { recursive: true })).map((name) => join(top, name)),
    ),
  );
  return names.flat().filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'));
}

/** Compiles into the same folders as the bundles, without chunks. */
async function compile(entryPoints: string[]): Promise<void> {
  // not earlier: esbuild keeps the folder in which it was loaded
  const { build } = await import('esbuild');
  await build({
    entryPoints,
    outdir: 'dist',
    outbase: '.',
    bundle: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    // warnings about a mutant are expected
    logLevel: 'error',
  });
}
