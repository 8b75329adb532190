/** The texts and templates of the module under test. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Render, renderer } from '../../kit/render-view.js';
import { type Translate, translator } from '../../kit/translate.js';

/** Without a folder, each key stands for itself. */
export function fakeTexts(
  folder: string | undefined,
  language: string | null,
): { readonly texts: Translate; readonly render: Render } {
  const lang = join(folder ?? '', 'lang');
  const texts: Translate =
    folder !== undefined && existsSync(lang) ? translator(lang, language) : (key) => key;
  return { texts, render: renderer(join(folder ?? '/', 'views'), { t: texts }) };
}
