/** Checks that the servers on which products create accounts can be reached. */
import { connect } from 'node:net';
import { onAbort } from '../../kernel/async/on-abort.js';
import type { Server } from '../../model/server.js';
import { innkeeper } from '../../kernel/command-line.js';
import type { Verified } from '../../state/transfer/verify.js';
import { type Check, ok, type Verdict, wrong, worst } from '../../drivers/shared/doctor/check.js';

const WITHIN_MS = 5_000;

export function serversCheck(verify: () => Promise<Verified | undefined>): Check {
  return {
    name: 'servers',
    title: 'servers of modules',
    after: ['state.folder'],
    look: ['innkeeper module list'],
    withinMs: 120_000,
    async run(signal) {
      const servers = (await verify())?.servers ?? [];
      if (servers.length === 0) return ok('none');
      const verdicts = await Promise.all(servers.map((server) => reach(server, signal)));
      const bad = verdicts.filter(({ state }) => state !== 'ok');
      return worst(bad, ok(`${servers.length} can be reached`));
    },
  };
}

async function reach(server: Server, signal: AbortSignal): Promise<Verdict> {
  const { id, name, host, port, module } = server;
  const problem = await connected(host, port, signal).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return problem === null
    ? ok(name)
    : wrong(
        `${name} (${host}, port ${port}) cannot be reached: ${problem}`,
        innkeeper(['module', 'server', 'test', `${module.type}/${module.name}`, id]),
      );
}

function connected(host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: WITHIN_MS });
    const end = (settle: () => void): void => {
      forget();
      socket.destroy();
      settle();
    };
    const forget = onAbort(signal, () => end(() => reject(new Error('no response'))));
    socket.once('connect', () => end(resolve));
    socket.once('timeout', () => end(() => reject(new Error(`no response within ${WITHIN_MS / 1000} s`))));
    socket.once('error', (error) => end(() => reject(error)));
  });
}
