/**
 * What every way to run scripts in containers does. The container is a stand-in: a shell on this machine behind a
 * `pct` that checks its arguments.
 */
import { access, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { systemClock } from '../../src/kernel/clock.js';
import { Secret } from '../../src/kernel/secret.js';
import { plainCall } from '../../src/drivers/shared/call.js';
import type { ExecDriver, Script } from '../../src/drivers/exec/contract.js';

/** 101 and 102 run, 404 does not exist, 137 is killed in the middle, 303 is locked. */
export const PCT = `#!/bin/sh
[ "$1 $3 $4 $5 $6 $7" = 'exec --keep-env 0 -- /bin/sh -s' ] && [ $# = 7 ] || { echo "wrong arguments: $*" >&2; exit 2; }
case "$2" in
  101|102) exec env -i PATH="$PATH" /bin/sh -s ;;
  137) cat >/dev/null; kill -KILL $$ ;;
  303) echo "CT is locked (backup)" >&2; exit 255 ;;
  *) echo "Configuration file 'nodes/pve1/lxc/$2.conf' does not exist" >&2; exit 2 ;;
esac
`;

export const MAX_OUTPUT_BYTES = 10_000;
export const at = { node: 'pve1', vmid: 101 };
export const call = (): ReturnType<typeof plainCall> => plainCall(AbortSignal.timeout(30_000));

export function scriptOf(body: string, values: Script['values'] = {}): Script {
  return { name: 'test/script', body, values };
}

export async function writePct(folder: string): Promise<string> {
  const file = join(folder, 'pct');
  await writeFile(file, PCT);
  await chmod(file, 0o755);
  return file;
}

export async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** @param make a driver with MAX_OUTPUT_BYTES over PCT, closed by the caller */
export async function execContract(t: Test, make: (t: Test) => Promise<ExecDriver>): Promise<void> {
  await t.test('a script gets its values, and its outputs and exit code come back', async (t) => {
    const driver = await make(t);
    const nasty = `it's "quoted" $HOME \`id\` \\n\n'; exit 9; '`;
    const values = { PLAIN: nasty, HIDDEN: new Secret("s'ecret") };
    const body = `printf '%s|' "$PLAIN" "$HIDDEN"; echo out; echo err >&2; (exit 7)`;
    t.same(await driver.run(at, scriptOf(body, values), call()), {
      exitCode: 7,
      stdout: `${nasty}|s'ecret|out\n`,
      stderr: 'err\n',
      truncated: false,
    });
    t.match(await driver.run(at, scriptOf('true'), call()), { exitCode: 0, stdout: '', stderr: '' });
    t.match(await driver.run(at, scriptOf('false; echo not reached'), call()), { exitCode: 1, stdout: '' });
    t.match(await driver.run(at, scriptOf('echo "$UNSET"'), call()), { stderr: /UNSET/ });
    t.match(
      await driver.run(at, scriptOf('cat; echo end'), call()),
      { exitCode: 0, stdout: 'end\n' },
      'its own input is empty',
    );
    t.match(await driver.run(at, scriptOf("kill -KILL $(sh -c 'echo $PPID')"), call()), { exitCode: 137 });
  });

  await t.test('a large script goes in whole, and of a large output the end is kept', async (t) => {
    const driver = await make(t);
    const big = 'x'.repeat(2_000_000);
    t.match(await driver.run(at, scriptOf('printf %s "$BIG" | wc -c', { BIG: big }), call()), {
      exitCode: 0,
      stdout: /2000000/,
    });
    const body = `i=0; while [ $i -lt 20000 ]; do echo "line $i"; echo "error $i" >&2; i=$((i+1)); done; exit 3`;
    const end = await driver.run(at, scriptOf(body), call());
    t.match(end, { exitCode: 3, truncated: true, stdout: /line 19999\n$/, stderr: /error 19999\n$/ });
    t.ok(end.stdout.length <= MAX_OUTPUT_BYTES + 256, `${end.stdout.length}`);
  });

  await t.test('what pct itself reports is not taken for an exit code of the script', async (t) => {
    const driver = await make(t);
    await t.rejects(driver.run({ ...at, vmid: 404 }, scriptOf('true'), call()), {
      code: 'container_host_failed',
      detail: /lxc\/404\.conf' does not exist/,
    });
    await t.rejects(
      driver.run({ ...at, vmid: 137 }, scriptOf('true'), call()),
      { code: 'container_host_timeout', retryable: true },
      'killed without a word: how the script ended is not known',
    );
    await t.rejects(
      driver.run({ ...at, vmid: 303 }, scriptOf('true'), call()),
      { code: 'container_host_busy', retryable: true, detail: /CT is locked/ },
      'a lock passes',
    );
    const forged = await driver.run(
      at,
      scriptOf(`printf '\\ninnkeeper-end-0123456789abcdef 0\\n'; exit 5`),
      call(),
    );
    t.match(forged, { exitCode: 5, stdout: /innkeeper-end-0123456789abcdef 0/ });
  });

  await t.test('nothing but a VMID gets onto the command line', async (t) => {
    const driver = await make(t);
    for (const vmid of [Number.NaN, 1.5, -101, 0, 99, Number.POSITIVE_INFINITY]) {
      await t.rejects(
        driver.run({ ...at, vmid }, scriptOf('true'), call()),
        { code: 'container_host_failed' },
        `${vmid}`,
      );
    }
    await t.rejects(driver.run(at, { name: 'a\nb', body: '', values: {} }, call()), {
      code: 'recipe_failed',
    });
    await t.rejects(driver.run(at, scriptOf('', { 'A=1;B': '' }), call()), { code: 'recipe_failed' });
    await t.rejects(driver.run(at, scriptOf('', { A: 'nul\0' }), call()), { code: 'recipe_failed' });
  });

  await t.test('a stopped script is ended with its children, and the call says why', async (t) => {
    const driver = await make(t);
    const dir = await mkdtemp(join(tmpdir(), 'innkeeper-exec-'));
    t.teardown(() => rm(dir, { recursive: true, force: true }));
    const file = (name: string): string => join(dir, name);
    const body = `echo begun >"$DIR"/begun; (sleep 2; echo late >"$DIR"/child) & sleep 2; echo late >"$DIR"/self`;
    const stop = new AbortController();
    const running = driver.run(at, scriptOf(body, { DIR: dir }), plainCall(stop.signal));
    while (!(await isThere(file('begun')))) await systemClock.sleep(5);
    stop.abort();
    await t.rejects(running, { code: 'aborted' });
    const late = driver.run(at, scriptOf('sleep 20'), plainCall(AbortSignal.timeout(200)));
    await t.rejects(late, { code: 'container_host_timeout', retryable: true });
    await systemClock.sleep(2_200);
    t.equal(await isThere(file('self')), false, 'the shell was ended');
    t.equal(await isThere(file('child')), false, 'so were its children');
    await t.rejects(driver.run(at, scriptOf('true'), plainCall(AbortSignal.abort())), { code: 'aborted' });
    t.equal(await readFile(file('begun'), 'utf8'), 'begun\n');
  });

  await t.test('many at once all end', async (t) => {
    const driver = await make(t);
    const ends = await Promise.all(
      Array.from({ length: 25 }, (_, i) =>
        driver.run({ ...at, vmid: 101 + (i % 2) }, scriptOf(`echo ${i}`), call()),
      ),
    );
    t.same(
      ends.map(({ stdout }) => stdout),
      Array.from({ length: 25 }, (_, i) => `${i}\n`),
    );
  });
}
