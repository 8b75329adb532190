/** The mutants of a source file: small faults, each a single change of its text. */
import ts from 'typescript';

export interface Mutant {
  readonly file: string;
  /** Line number, from 1. */
  readonly line: number;
  /** The replaced part of the text as offsets, and the replacement. */
  readonly start: number;
  readonly end: number;
  readonly by: string;
  /** Description for people, on one line. */
  readonly what: string;
}

type Change = Pick<Mutant, 'start' | 'end' | 'by' | 'what'>;
type Mutate = (node: ts.Node, text: string) => readonly Change[];

const OPPOSITES: Readonly<Partial<Record<ts.SyntaxKind, string>>> = {
  [ts.SyntaxKind.AmpersandAmpersandToken]: '||',
  [ts.SyntaxKind.BarBarToken]: '&&',
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: '!==',
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: '===',
  [ts.SyntaxKind.LessThanToken]: '<=',
  [ts.SyntaxKind.LessThanEqualsToken]: '<',
  [ts.SyntaxKind.GreaterThanToken]: '>=',
  [ts.SyntaxKind.GreaterThanEqualsToken]: '>',
  [ts.SyntaxKind.MinusToken]: '+',
  [ts.SyntaxKind.AsteriskToken]: '/',
};
const MUTATES: readonly Mutate[] = [entries, conditions, operators, literals, statements];

/** All mutants of a file, in the order of its text. @param file its name in reports */
export function mutantsOf(file: string, text: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const found: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    if (isWithoutEffect(node)) return;
    for (const mutate of MUTATES)
      for (const change of mutate(node, text)) {
        const { line } = source.getLineAndCharacterOfPosition(change.start);
        found.push({ ...change, file, line: line + 1 });
      }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.sort((a, b) => a.start - b.start || a.end - b.end);
}

export function mutated(text: string, { start, end, by }: Mutant): string {
  return text.slice(0, start) + by + text.slice(end);
}

/** True for types and imports, which do not run, and for the words of log lines and sentences. */
function isWithoutEffect(node: ts.Node): boolean {
  if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return true;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return true;
  if (ts.isNewExpression(node)) return /^\w*Error$/.test(node.expression.getText());
  return ts.isCallExpression(node) && /(^|\.)log(\.\w+|\[.*\])$/.test(node.expression.getText());
}

/** Mutants that remove an entry of a table or list. */
function entries(node: ts.Node, text: string): Change[] {
  const list = ts.isObjectLiteralExpression(node)
    ? node.properties
    : ts.isArrayLiteralExpression(node)
      ? node.elements
      : [];
  return [...list]
    .filter((entry) => !ts.isOmittedExpression(entry))
    .map((entry) => {
      const comma = /^\s*,/.exec(text.slice(entry.end))?.[0] ?? '';
      return change(entry.getStart(), entry.end + comma.length, '', `without ${brief(entry.getText())}`);
    });
}

function conditions(node: ts.Node): Change[] {
  const condition =
    ts.isIfStatement(node) || ts.isWhileStatement(node)
      ? node.expression
      : ts.isConditionalExpression(node)
        ? node.condition
        : undefined;
  return condition ? [replaced(condition, `!(${condition.getText()})`)] : [];
}

function operators(node: ts.Node): Change[] {
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    return [replaced(node, node.operand.getText())];
  if (!ts.isBinaryExpression(node)) return [];
  const by = OPPOSITES[node.operatorToken.kind];
  if (by === undefined) return [];
  const { operatorToken: token } = node;
  const what = `${brief(node.getText())} with ${by} for ${token.getText()}`;
  return [change(token.getStart(), token.end, by, what)];
}

function literals(node: ts.Node): Change[] {
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [replaced(node, 'false')];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [replaced(node, 'true')];
  if (ts.isNumericLiteral(node)) {
    const value = Number(node.text);
    return [replaced(node, String(value === 0 ? 1 : value * 2))];
  }
  // a word that is compared, listed or stored; not a sentence
  const isWord = ts.isStringLiteral(node) && /^[a-z][\w-]*$/i.test(node.text) && isData(node);
  return isWord ? [replaced(node, `'${node.text}X'`)] : [];
}

function isData(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isArrayLiteralExpression(parent) || ts.isCaseClause(parent)) return true;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  return ts.isBinaryExpression(parent) && OPPOSITES[parent.operatorToken.kind] !== undefined;
}

function statements(node: ts.Node): Change[] {
  if (!ts.isExpressionStatement(node) || isWithoutEffect(node.expression)) return [];
  if (/^super\(/.test(node.getText())) return [];
  return [change(node.getStart(), node.end, ';', `without ${brief(node.getText())}`)];
}

function replaced(node: ts.Node, by: string): Change {
  return change(node.getStart(), node.end, by, `${brief(node.getText())} -> ${brief(by)}`);
}

function change(start: number, end: number, by: string, what: string): Change {
  return { start, end, by, what };
}

const LONGEST = 70;
function brief(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}...` : line;
}
