/** Every sentence that the look-alike can say: read from its sources, so that none can be left out. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export interface Said {
  /** `file:line` */
  readonly at: string;
  /** The text; `*` stands for what is filled in. */
  readonly text: string;
}

const FOLDER = 'src/sandbox/pve';
/** What ends in these is the look-alike's own business: a wrong option, a line of its log, a defect. */
const OWN = new Set(['Error', 'RangeError', 'TypeError', 'log', 'split']);
/** Complaints that are thrown, assigned or returned in Proxmox's words, whatever carries them. */
const CARRIERS = new Set(['die', 'refuse', 'PveError']);
/** Three words or more are a sentence, wherever they stand. */
const SENTENCE = /\S+ \S+ \S+/;

export function textsOfLookAlike(): Said[] {
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .flatMap((name) => textsOf(join(FOLDER, name)));
}

function textsOf(file: string): Said[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const said: Said[] = [];
  const visit = (node: ts.Node, carried: boolean): void => {
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
    const name = calledIn(node, source);
    if (name !== undefined && OWN.has(name) && !isComplaint(file)) return;
    const inside = carried || (name !== undefined && CARRIERS.has(name));
    const text = textIn(node);
    if (text !== undefined && (inside ? /\w .*\w/.test(text) : SENTENCE.test(text))) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      said.push({ at: `${file}:${line + 1}`, text: text.replaceAll('\n', ' ') });
    }
    node.forEachChild((child) => visit(child, inside));
  };
  visit(source, false);
  return said;
}

/** The checks of parameters throw plain errors among themselves. */
const isComplaint = (file: string): boolean => file.endsWith('/check.ts');

function calledIn(node: ts.Node, source: ts.SourceFile): string | undefined {
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return undefined;
  const { expression } = node;
  return ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText(source);
}

/** With `*` for each filled-in part; undefined for what is no text, or a text without a fixed word. */
function textIn(node: ts.Node): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  const text = node.head.text + node.templateSpans.map((span) => `*${span.literal.text}`).join('');
  return /[a-z]{2}/i.test(text) ? text : undefined;
}
