/**
 * The pages that operators follow, from a bare Debian to the first site and through an operator's days: every block
 * that can run there does, in the order of the pages, and prints what the page says.
 */
import t from 'tap';
import { type Block, blocksOf, missingIn, PAGES } from '../tools/runbook.js';
import { startLab, VALUES } from './lab.js';
import { put } from './machine.js';

const SCRIPT = '/opt/lab/block.sh';
const INPUT = '/opt/lab/block.in';
/** Blocks wait for jobs; one that never ends is named. */
const BLOCK_S = 180;
/**
 * The doctor gives each check its time, which a machine that is busy with other things may not have: it is asked a few
 * times then, as a person would.
 */
const PATIENT = `innkeeper() {
  [ "$1" = doctor ] || { command innkeeper "$@"; return; }
  for asked in 1 2 3 4 5; do
    code=0
    said=$(command innkeeper "$@") || code=$?
    case $said in *'no answer within'* | *'no response within'*) ;; *) break ;; esac
  done
  printf '%s\\n' "$said"
  return $code
}
`;
/** Of the first order, which all chapters are about. */
const VMID = 10_000;
const CALL = 'curl -sS -H @/root/paymenter-header -H "Content-Type: application/json" http://127.0.0.1:8080';

const lab = await startLab(t);
let stuck = '';

/** The first line that the command prints once it succeeds. */
async function waitFor(command: string): Promise<string> {
  await put(lab, SCRIPT, `until ${command}; do sleep 1; done\n`);
  return (await lab.sh(`timeout ${BLOCK_S} sh ${SCRIPT}`)).trim().split('\n')[0] ?? '';
}

/** What a chapter is about, put there before its first block. */
const GIVEN: Readonly<Record<string, () => Promise<unknown>>> = {
  'A stuck job': async () => {
    await lab.sh(`${CALL}/action/mkbak -d '{"service_id": "1"}'`);
    const backup = await waitFor(`${CALL}/action/getbak?service_id=1 | grep -o 'BAK[0-9]*-[0-9]*'`);
    const refusal = { kind: { status: 400, reason: 'Parameter verification failed.' }, times: 1 };
    await lab.control('POST', '/faults', { target: 'pve', method: 'POST', path: '/rollback$', ...refusal });
    await lab.sh(`${CALL}/action/rollback -d '{"service_id": "1", "bak": "${backup}"}'`);
    stuck = await waitFor("innkeeper job list --status stuck | grep rollback | grep -o '^[^ ]*'");
  },
  'A container stays locked': () => lab.control('PUT', `/locks/${VMID}/snapshot-delete`),
  'The records and the cluster differ': () => lab.control('DELETE', `/locks/${VMID}`),
};

/** The page's values replaced, as its reader is asked to. */
const withValues = (text: string): string =>
  [...VALUES, ['<id>', stuck] as const].reduce((done, [page, here]) => done.replaceAll(page, here), text);

async function run(block: Block): Promise<{ readonly code: number; readonly out: string }> {
  await put(lab, SCRIPT, PATIENT + withValues(block.text));
  await put(lab, INPUT, block.stdin === undefined ? '' : (lab.typed[block.stdin] ?? ''));
  return lab.try(`cd /root; timeout ${BLOCK_S} sh -eu ${SCRIPT} <${INPUT} 2>&1`);
}

t.test('the values that are replaced are those of the page', async (t) => {
  const text = (await blocksOf('docs/installing.md')).map((block) => block.text).join('');
  for (const [value] of VALUES) t.ok(text.includes(value), value);
});

for (const page of PAGES)
  t.test(`${page}, block by block`, async (t) => {
    let chapter = '';
    for (const block of (await blocksOf(page)).filter(({ kind }) => kind === 'run')) {
      if (block.heading !== chapter) await GIVEN[block.heading]?.();
      chapter = block.heading;
      const { code, out } = await run(block);
      const name = `${page}:${block.line} (${chapter})`;
      t.equal(code, 0, `${name}: ${out}`);
      t.same(missingIn(out, (block.expected ?? []).map(withValues)), [], `${name}: ${out}`);
      // what comes after a block that failed says nothing
      if (!t.passing()) return;
    }
  });
