/** Templates must escape what they show, because names and messages of others may contain HTML. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Eta } from 'eta';
import type { Finding } from './lines.js';

/** Output without escaping; only another template may be inserted in this way. */
const RAW = /<%[-_]?~([\s\S]*?)%>/g;
const INSERTS = /^\s*(?:await\s+)?(?:include|includeAsync)\(/;
/** A value in an attribute without quotes, which escaping does not protect. */
const UNQUOTED = /\s[\w-]+=<%[-_]?=/;
/** A value inside of a script or a handler, where escaping for HTML is not enough. */
const IN_SCRIPT = /<script\b[^>]*>(?:(?!<\/script)[\s\S])*<%[-_]?=|\son\w+\s*=\s*["'][^"']*<%[-_]?=/i;

export async function viewFindings(root: string, files: readonly string[]): Promise<Finding[]> {
  const eta = new Eta({ autoEscape: true });
  const findings: Finding[] = [];
  for (const file of files.filter((name) => name.startsWith('views/') && name.endsWith('.eta'))) {
    const text = await readFile(join(root, file), 'utf8');
    for (const problem of problemsOf(eta, text))
      findings.push({ line: 'views', problem: `${file}: ${problem}` });
  }
  return findings;
}

function problemsOf(eta: Eta, text: string): string[] {
  const raw = [...text.matchAll(RAW)].map(([, code = '']) => code).filter((code) => !INSERTS.test(code));
  return [
    ...raw.map((code) => `<%~${code}%> is not escaped`),
    ...(UNQUOTED.test(text) ? ['a value stands in an attribute without quotes'] : []),
    ...(IN_SCRIPT.test(text) ? ['a value stands inside of a script'] : []),
    ...syntaxProblem(eta, text),
  ];
}

function syntaxProblem(eta: Eta, text: string): string[] {
  try {
    eta.compile(text);
    return [];
  } catch (error) {
    return [
      error instanceof Error ? (error.message.split('\n')[0] ?? 'it cannot be compiled') : String(error),
    ];
  }
}
