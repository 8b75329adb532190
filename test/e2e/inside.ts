/** What is done inside a real container: as root, as the site's own user, and as the agent does with its scripts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { encodeScript, splitEnd } from '../../src/drivers/exec/script.js';
import type { ScriptCall } from '../../src/modules/kit/host-call-types.js';

const NONCE = '0123456789abcdef';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Inside {
  /** Runs a shell script as root; rejects when it fails. */
  root(script: string): Promise<string>;
  /** Runs a shell script as the site's user; rejects when it fails. */
  site(script: string): Promise<string>;
  /** Runs PHP as the site's user in the site's folder; rejects when it fails. */
  php(code: string): Promise<string>;
  /** Runs a recipe's script as the exec driver does, with these values. */
  recipe(script: Pick<ScriptCall, 'name' | 'body'>, values: Readonly<Record<string, string>>): Promise<Ended>;
}

const SITE = 'setpriv --reuid=www-data --regid=www-data --init-groups --';

export function insideOf(stateDir: string, vmid: number): Inside {
  const run = async (input: string): Promise<Ended> => {
    const pct = join(stateDir, 'bin', 'pct');
    const child = spawn(pct, ['exec', String(vmid), '--keep-env', '0', '--', '/bin/sh', '-s']);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.end(input);
    await once(child, 'close');
    return { code: child.exitCode ?? -1, stdout, stderr };
  };
  const orReject = async (script: string): Promise<string> => {
    const { code, stdout, stderr } = await run(script);
    if (code !== 0) throw new Error(`${script.slice(0, 200)}: ${code} ${stdout} ${stderr}`);
    return stdout;
  };
  const piped = (text: string, into: string): string =>
    `cd /var/www/wordpress && echo ${Buffer.from(text).toString('base64')} | base64 -d | ${SITE} ${into}\n`;
  return {
    root: orReject,
    site: (script) => orReject(piped(script, '/bin/sh -eus')),
    php: (code) => orReject(piped(`<?php\n${code}`, 'php -d display_errors=stderr')),
    async recipe({ name, body }, values) {
      const { stdout, stderr } = await run(encodeScript({ name, body, values }, NONCE));
      const end = splitEnd(stdout, NONCE);
      if (end.exitCode === undefined) throw new Error(`${name} did not get to its end: ${stdout} ${stderr}`);
      return { code: end.exitCode, stdout: end.stdout, stderr };
    },
  };
}

/** A JSON value as PHP code, whatever it holds. */
export const asPhp = (value: unknown): string =>
  `json_decode(base64_decode('${Buffer.from(JSON.stringify(value)).toString('base64')}'), true)`;
