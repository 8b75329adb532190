/**
 * A copy of the project in a temporary folder, built file by file, so that a change of one source file is there at
 * once.
 */
import { cp, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildOptions, Metafile } from 'esbuild';

const LEFT_OUT = new Set(['node_modules', 'dist', '.git', '.builds', '.tap', '.sandbox']);

export interface Copy {
  readonly folder: string;
  /** What the project's own build has put into which bundle. */
  readonly metafile: Metafile;
  /** Writes this text as the file's, and its code into the build. @param file relative to the project */
  change(file: string, text: string): Promise<void>;
  remove(): Promise<void>;
}

/** Leaves the process in the copy's folder, as the build goes by it. Throws when the project does not build. */
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

/** The program as it is installed, and what esbuild tells of the bundles that the tests would be. */
async function bundled(): Promise<Metafile> {
  const { bundle, program } = (await import(pathToFileURL('esbuild.config.mjs').href)) as {
    bundle: (outdir: string, withTests: boolean) => Promise<void>;
    program: (outdir: string, withTests: boolean) => BuildOptions;
  };
  await bundle('dist', false);
  const { build } = await esbuild();
  const options: BuildOptions & { readonly write: false; readonly metafile: true } = {
    ...program('dist', true),
    write: false,
    metafile: true,
  };
  return (await build(options)).metafile;
}

/** Loaded only when the process is where it shall be: it stays in the folder in which it was loaded. */
const esbuild = (): Promise<typeof import('esbuild')> => import('esbuild');

async function sources(): Promise<string[]> {
  const names = await Promise.all(
    ['src', 'modules', 'test'].map(async (top) =>
      (await readdir(top, { recursive: true })).map((name) => join(top, name)),
    ),
  );
  return names.flat().filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'));
}

/** Where the bundles lie as well: the same folders, without chunks. */
async function compile(entryPoints: string[]): Promise<void> {
  // not before: it stays in the folder in which it was loaded
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
    // of a mutant it warns rightly
    logLevel: 'error',
  });
}
