/** Finds the texts and templates beside the code of an attempt. The libraries are loaded only if there are any. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Render } from '../../modules/kit/render-view.js';
import type { Translate } from '../../modules/kit/translate.js';

/** The code, and the language of whom it works for. */
export interface TextsOf {
  readonly modulePath: string | null;
  readonly subject: { readonly locale: string | null } | null;
}

/** Without texts, each key stands for itself. */
export async function textsOf({ modulePath, subject }: TextsOf): Promise<Translate> {
  const folder = join(dirname(modulePath ?? ''), 'lang');
  if (modulePath === null || !existsSync(folder)) return (key) => key;
  const { translator } = await import('../../modules/kit/translate.js');
  return translator(folder, subject?.locale ?? null);
}

export async function renderOf({ modulePath }: Pick<TextsOf, 'modulePath'>, t: Translate): Promise<Render> {
  const { renderer } = await import('../../modules/kit/render-view.js');
  return renderer(join(dirname(modulePath ?? ''), 'views'), { t });
}
