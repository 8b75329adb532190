/** Checks the state folder, the documents in it, and the number of free addresses. */
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { VERSION } from '../../kernel/version.js';
import { rangeOf, valueIn } from '../../model/address-pool.js';
import type { Verified } from '../../state/transfer/verify.js';
import {
  type Check,
  ok,
  type Verdict,
  warning,
  whoAmI,
  wrong,
  word,
  worst,
} from '../../drivers/shared/doctor/check.js';
import type { DoctorParts } from '../parts.js';

const MIB = 1024 ** 2;
/**
 * The limits for free disk space. The documents of a site and its job need about 20 KB. If the disk is full, the agent
 * can change nothing.
 */
const LOW_MIB = { wrong: 50, warning: 500 } as const;
const LOW_NODES = 1_000;
const MANY = 3;

export function stateChecks(parts: DoctorParts, verify: () => Promise<Verified | undefined>): Check[] {
  const { config } = parts;
  const dir = config.agent.state_dir;
  return [
    {
      name: 'daemon',
      title: 'the daemon',
      after: [],
      look: ['journalctl -u innkeeper -n 50'],
      run: async () => {
        const found = await parts.daemon.readiness();
        const look = 'journalctl -u innkeeper -n 50';
        if (!found)
          return (await hasRun(dir)) || (await parts.daemon.isEnabled?.())
            ? wrong('it is not running', look, 'systemctl start innkeeper')
            : ok('it is not running yet; start it with: systemctl start innkeeper');
        if (found.problem !== undefined)
          return wrong(`it is running but not ready: ${found.problem}`, look, 'systemctl restart innkeeper');
        if (found.version !== VERSION)
          return warning(
            `it is running release ${found.version ?? 'unknown'}, but release ${VERSION} is installed`,
            'systemctl restart innkeeper',
          );
        return ok('it is running and ready');
      },
    },
    {
      name: 'state.folder',
      title: 'permissions and free space of the state folder',
      after: [],
      look: [`ls -ld ${word(dir)}`, 'df -h'],
      run: () => checkFolder(dir),
    },
    {
      name: 'state.integrity',
      title: 'documents of the state',
      after: ['state.folder'],
      look: [`innkeeper state verify --config ${word(parts.configFile)}`],
      withinMs: 120_000,
      run: async () => judgeState(parts, await verify()),
    },
    {
      name: 'addresses',
      title: 'address pools',
      after: ['state.integrity'],
      look: [`innkeeper state verify --config ${word(parts.configFile)}`],
      run: async () => judgePools(parts, (await verify())?.addresses ?? []),
    },
  ];
}

async function checkFolder(dir: string): Promise<Verdict> {
  const { folder, exists } = await nearest(dir);
  const make = `install -d -m 700 -o innkeeper -g innkeeper ${word(dir)}`;
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return wrong(
      `${whoAmI()} cannot write to ${folder}`,
      exists ? `chown -R ${whoAmI()}: ${word(dir)}` : make,
    );
  }
  const verdicts: Verdict[] = [];
  const { mode, uid } = await stat(folder);
  if (exists && (mode & 0o077) !== 0)
    verdicts.push(
      warning(`other users can read ${dir} (mode ${(mode & 0o777).toString(8)})`, `chmod 700 ${word(dir)}`),
    );
  const { bavail, bsize, ffree, files } = await statfs(folder);
  const free = Math.floor((bavail * bsize) / MIB);
  const full = `${free} MiB are free on the disk of ${dir}`;
  if (free < LOW_MIB.wrong) verdicts.push(wrong(full, `df -h ${word(folder)}`));
  else if (free < LOW_MIB.warning) verdicts.push(warning(full, `df -h ${word(folder)}`));
  if (files > 0 && ffree < LOW_NODES)
    verdicts.push(wrong(`${ffree} inodes are free on the disk of ${dir}`, `df -i ${word(folder)}`));
  const owner = process.getuid?.() === 0 && uid !== 0 ? `, owned by user ${uid}` : '';
  return worst(
    verdicts,
    ok(exists ? `${dir}${owner}, ${full}` : `${dir} is created at the first start, ${full}`),
  );
}

/** Every daemon locks this file while it runs. The file remains when the daemon ends. */
async function hasRun(dir: string): Promise<boolean> {
  return stat(join(dir, 'lock')).then(
    () => true,
    () => false,
  );
}

async function nearest(dir: string): Promise<{ folder: string; exists: boolean }> {
  for (let folder = dir; ; folder = dirname(folder)) {
    if (await stat(folder).catch(() => undefined)) return { folder, exists: folder === dir };
    if (dirname(folder) === folder) return { folder, exists: false };
  }
}

function judgeState({ configFile }: DoctorParts, found: Verified | undefined): Verdict {
  if (!found || (found.documents === 0 && found.findings.length === 0)) return ok('none exist yet');
  const verify = `innkeeper state verify --config ${word(configFile)}`;
  const { findings, documents, secrets, opened } = found;
  const list = findings.slice(0, MANY).map(({ file, problem }) => `${file} ${problem}`.trim());
  const text = `${list.join('; ')}${findings.length > MANY ? `; and ${findings.length - MANY} more` : ''}`;
  const asideOnly = findings.every(({ file }) => file.startsWith('damaged/'));
  if (findings.length > 0) return asideOnly ? warning(text, verify) : wrong(text, verify);
  if (!opened && secrets > 0)
    return wrong(
      'the key of the secrets is missing',
      '# put secret.key back into the state folder, or configure state_key',
    );
  return ok(`${documents} documents and ${secrets} secrets are intact`);
}

function judgePools({ config, configFile }: DoctorParts, held: readonly string[]): Verdict {
  const verdicts = config.addresses.pools.map((pool): Verdict => {
    const range = rangeOf(pool);
    const used = BigInt(held.filter((address) => valueIn(range, address) !== undefined).length);
    const text = `${pool.name}: ${range.size - used} of ${range.size} are free`;
    const fix = `# in ${configFile}: extend a range in addresses.pools, or add a pool`;
    if (used >= range.size) return warning(text, fix);
    return (range.size - used) * 10n < range.size ? warning(text, fix) : ok(text);
  });
  const families = [4, 6].filter((family) =>
    config.addresses.pools.some((pool) => rangeOf(pool).family === family),
  );
  const out = families.filter((family) =>
    config.addresses.pools
      .filter((pool) => rangeOf(pool).family === family)
      .every((pool) => {
        const range = rangeOf(pool);
        return held.filter((address) => valueIn(range, address) !== undefined).length >= Number(range.size);
      }),
  );
  if (out.length > 0)
    return wrong(
      `no address is available for another site (IPv${out.join(', IPv')})`,
      `# in ${configFile}: extend a range in addresses.pools, or add a pool`,
    );
  return worst(verdicts, ok('none'));
}
