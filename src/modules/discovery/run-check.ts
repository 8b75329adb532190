/** Calls a check of a module in a separate process, so that a check that hangs or crashes affects nothing else. */
import { AgentError, type ErrorCode, ERRORS } from '../../kernel/errors.js';
import { invalid } from '../../kernel/invalid.js';
import type { JsonObject } from '../../kernel/json.js';
import { plainJson } from '../../kernel/plain-json.js';
import { cleaned, sentenceOf } from '../../kernel/text.js';
import type { CheckEnd } from '../../model/check-end.js';
import type { CheckCall, ReadRequest } from './answer.js';
import { linesOf, whyCutOff, wordsOf } from './read-module.js';
import { type ReadLimits, runReader } from './reader-process.js';
import { isFields } from '../../kernel/is-fields.js';

const MOST_DATA = 65_536;
const MOST_ERRORS = 50;

/** `reader`: path of the program that reads modules, in the build. Never rejects. */
export async function runCheck(
  reader: string,
  request: Omit<ReadRequest, 'check'> & { readonly check: CheckCall },
  limits: ReadLimits,
): Promise<CheckEnd> {
  const name = `${request.check.member}()`;
  try {
    const end = await runReader(reader, JSON.stringify(request), limits);
    const lines = linesOf(end.answer);
    const broken = lines.find((line) => line.kind === 'unusable');
    if (broken) return failed(`its ${name} failed: ${cleaned(broken.problem)}`);
    if (whyCutOff(end, limits, lines.at(-1)?.kind === 'end') !== undefined)
      return failed(whyLate(end, name, limits));
    const [answer] = lines;
    if (answer?.kind === 'refused') return { kind: 'invalid', error: refusal(answer.error) };
    return answer?.kind === 'checked' ? resultOf(answer.result, name) : failed(`its ${name} gave no result`);
  } catch (error) {
    return failed(`its ${name} could not be called: ${wordsOf(error)}`);
  }
}

function whyLate({ isLate }: { readonly isLate: boolean }, name: string, { withinMs }: ReadLimits): string {
  return isLate
    ? `its ${name} did not finish within ${Math.ceil(withinMs / 1000)} s`
    : `its ${name} ended the process that called it, or exceeded a limit`;
}

/** The result of a check, whose type is that of `CheckResult`. */
function resultOf(result: unknown, name: string): CheckEnd {
  if (result === undefined || result === null) return { kind: 'valid', data: undefined };
  if (!isFields(result)) return failed(`its ${name} returned neither data nor errors`);
  const { data, errors } = result;
  if (isFields(errors) && Object.keys(errors).length > 0)
    return { kind: 'invalid', error: invalid(sentences(errors)) };
  if (data === undefined) return { kind: 'valid', data };
  if (!isFields(data)) return failed(`its ${name} returned data that is not an object`);
  // the data was JSON, so only its size can be wrong
  return { kind: 'valid', data: plainJson(data, 'data', { bytes: MOST_DATA }) as JsonObject };
}

function sentences(errors: Fields): Record<string, string> {
  const texts = Object.entries(errors).slice(0, MOST_ERRORS);
  return Object.fromEntries(
    texts.map(([field, problem]) => [cleaned(field, 100), sentenceOf(String(problem), 200)]),
  );
}

/** An unknown code becomes `invalid_request`, because a panel must know each code. */
function refusal(error: unknown): AgentError {
  const { code, message, fields } = isFields(error) ? error : {};
  const known: ErrorCode =
    typeof code === 'string' && Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'invalid_request';
  return new AgentError(known, typeof message === 'string' ? message : ERRORS[known].meaning, {
    ...(isFields(fields) ? { fields: sentences(fields) } : {}),
  });
}

function failed(problem: string): CheckEnd {
  return { kind: 'failed', problem };
}

type Fields = Readonly<Record<string, unknown>>;
