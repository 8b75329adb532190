/** Checks that the hooks can be reached. Sends no alert. */
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import net, { isIP } from 'node:net';
import { delimiter, join } from 'node:path';
import tls from 'node:tls';
import { bareEnvironment } from '../../drivers/shared/child.js';
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

type HookConfig = DoctorParts['config']['alerts']['hooks'][number];

const CONNECT_MS = 5_000;

export function hookChecks(parts: DoctorParts): Check[] {
  const { hooks } = parts.config.alerts;
  return [
    {
      name: 'alerts.hooks',
      title: 'receivers of alerts',
      after: [],
      look: [`# in ${parts.configFile}: alerts.hooks`],
      run: async (signal) => {
        if (hooks.length === 0) return ok('none: only \`innkeeper alerts\` shows alerts');
        const verdicts = await Promise.all(hooks.map((hook) => check(hook, parts.configFile, signal)));
        return worst(
          verdicts.filter(({ state }) => state !== 'ok'),
          ok(hooks.map(({ name }) => name).join(', ')),
        );
      },
    },
  ];
}

async function check(hook: HookConfig, configFile: string, signal: AbortSignal): Promise<Verdict> {
  if (hook.command) return checkCommand(hook.name, hook.command[0] ?? '');
  try {
    await reach(hook, signal);
    return ok(hook.name);
  } catch (error) {
    // The error message is not shown, because it may contain the URL, and the URL often contains the password.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no response';
    return warning(
      `${hook.name}: cannot connect to its URL (${code})`,
      `# in ${configFile}: check url and ca_file of ${hook.name} in alerts.hooks`,
    );
  }
}

async function checkCommand(name: string, program: string): Promise<Verdict> {
  const folders = program.includes('/') ? [''] : (bareEnvironment().PATH ?? '').split(delimiter);
  for (const folder of folders) {
    const isThere = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return ok(name);
  }
  return wrong(
    `${name}: ${whoAmI()} cannot run ${program}`,
    `ls -l ${word(program)}`,
    `chmod +x ${word(program)}`,
  );
}

/** Connects to the URL, with TLS if the URL requires it, and sends nothing. */
async function reach({ url, ca_file: caFile }: HookConfig, signal: AbortSignal): Promise<void> {
  if (!url) throw new Error('a hook has neither command nor URL');
  const { protocol, hostname, port } = new URL(url.reveal());
  const host = hostname.replace(/^\[|\]$/g, '');
  const isTls = protocol === 'https:';
  const where = { host, port: Number(port) || (isTls ? 443 : 80) };
  const ca = caFile === null ? {} : { ca: await readFile(caFile, 'utf8') };
  const named = isIP(host) === 0 ? { servername: host } : {};
  const socket = isTls ? tls.connect({ ...where, ...named, ...ca }) : net.connect(where);
  try {
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error('no response')));
    await once(socket, isTls ? 'secureConnect' : 'connect', { signal });
  } finally {
    socket.destroy();
  }
}
