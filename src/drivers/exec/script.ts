/**
 * The form of a script on standard input: quoted assignments, a line that prints the shell's process ID, the body,
 * which has an empty standard input, and an end marker with the real exit code.
 */
import { Secret } from '../../kernel/secret.js';
import type { Script } from './contract.js';

const NAME = /^[a-z0-9]+(?:[/-][a-z0-9]+)*$/;
const VARIABLE = /^[A-Z][A-Z0-9_]*$/;

function quote(value: string): string {
  if (value.includes('\0')) throw new RangeError('a script value cannot contain a NUL character');
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/**
 * Returns the complete text that `/bin/sh -s` reads from standard input. `nonce` (hex) is part of the end marker, so
 * that programs in the container cannot guess the marker.
 */
export function encodeScript(script: Script, nonce: string): string {
  if (!NAME.test(script.name)) throw new RangeError(`not a script name: ${JSON.stringify(script.name)}`);
  const assignments = Object.entries(script.values).map(([variable, value]) => {
    if (!VARIABLE.test(variable)) throw new RangeError(`not a variable name: ${JSON.stringify(variable)}`);
    return `${variable}=${quote(value instanceof Secret ? value.reveal() : value)}`;
  });
  return [
    `# innkeeper-script: ${script.name}`,
    ...assignments,
    beginLine(nonce),
    '(',
    'set -eu',
    script.body,
    ') </dev/null',
    `printf '\\n${endMarker(nonce)} %s\\n' "$?"`,
    '',
  ].join('\n');
}

function endMarker(nonce: string): string {
  return `innkeeper-end-${checked(nonce)}`;
}

function beginLine(nonce: string): string {
  return `printf 'innkeeper-begin-${checked(nonce)} %s\\n' "$$"`;
}

function checked(nonce: string): string {
  if (!/^[0-9a-f]{16,64}$/.test(nonce)) throw new RangeError('the nonce must be hex');
  return nonce;
}

/**
 * Reads the shell's process ID in the container from the beginning of the output. Returns undefined if the script has
 * not begun.
 */
export function beginPid(head: string, nonce: string): number | undefined {
  const found = new RegExp(`^innkeeper-begin-${checked(nonce)} (\\d{1,10})\\n`).exec(head);
  return found ? Number(found[1]) : undefined;
}

/** Removes the markers from the output. `exitCode` is undefined if the script did not finish. */
export function splitEnd(stdout: string, nonce: string): { stdout: string; exitCode: number | undefined } {
  const begun = stdout.replace(new RegExp(`^innkeeper-begin-${checked(nonce)} \\d{1,10}\\n`), '');
  const found = new RegExp(`\\n${endMarker(nonce)} (\\d{1,3})\\n?$`).exec(begun);
  if (!found) return { stdout: begun, exitCode: undefined };
  return { stdout: begun.slice(0, found.index), exitCode: Number(found[1]) };
}

/**
 * Used by the memory containers of the sandbox: decodes the standard input of a script into the name of the script,
 * its values, and the marker with which the output must end.
 */
export function decodeScript(
  stdin: string,
): { name: string; values: Record<string, string>; body: string; marker: string } | undefined {
  const name = /^# innkeeper-script: (\S+)\n/.exec(stdin)?.[1];
  const marker = /\nprintf '\\n(innkeeper-end-[0-9a-f]+) %s\\n' "\$\?"\n$/.exec(stdin)?.[1];
  if (name === undefined || marker === undefined) return undefined;
  const values: Record<string, string> = {};
  let rest = stdin.slice(stdin.indexOf('\n') + 1);
  for (;;) {
    const found = /^([A-Z][A-Z0-9_]*)='((?:[^']|'\\'')*)'\n/.exec(rest);
    if (!found) break;
    const [whole, variable = '', value = ''] = found;
    values[variable] = value.replaceAll(`'\\''`, "'");
    rest = rest.slice(whole.length);
  }
  const start = '\n(\nset -eu\n';
  const body = rest.slice(rest.indexOf(start) + start.length, rest.lastIndexOf('\n) </dev/null\n'));
  return { name, values, body, marker };
}
