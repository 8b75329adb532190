/** innkeeper module new */
import { userInfo } from 'node:os';
import { VERSION } from '../../kernel/version.js';
import { writeModule } from '../../modules/authoring/new/write-module.js';
import { CommandFailure } from '../shared/failure.js';
import { say } from '../shared/print.js';

export interface NewModuleOptions {
  readonly type: string;
  readonly name: string;
  readonly kind?: string;
  readonly dir: string;
  readonly author?: string;
}

export async function newModule({ type, name, kind, dir, author }: NewModuleOptions): Promise<void> {
  const wanted = { type, name, kind, dir, author: author ?? userInfo().username, now: new Date() };
  const files = await writeModule(wanted).catch((error: unknown) => {
    throw new CommandFailure(
      `The module was not written: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  const at = `${type}/${name}`;
  say(
    [
      ...files.map((file) => `  ${file}`),
      '',
      `Next steps${dir === '.' ? '' : `, in ${dir}`}:`,
      `  npm install --save-dev ./innkeeper-${VERSION}.tgz    the package for tests, which "npm run pack" of innkeeper creates`,
      '  npm test',
      `  innkeeper module check ${at}`,
      `  innkeeper module pack ${at}`,
    ].join('\n'),
  );
}
