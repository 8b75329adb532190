/** `innkeeper template build` beside a daemon that is up or down: what its services hold is not lent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { loadConfig } from '../../../src/config/load.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { openState } from '../../../src/state/open.js';
import { loadStateKey } from '../../../src/state/keys/state-key.js';
import { CLI, surroundings } from '../../e2e/daemon-process.js';
import { fields } from '../../http/harness.js';
import { address, sampleService } from '../../state/samples.js';

/** Of the sandbox's pool: a template is lent the last, and the first free one when that is taken. */
const [FIRST, LAST] = ['10.77.0.10', '10.77.3.250'] as const;

t.test('an address that a service holds is not lent to a template', async (t) => {
  const changes = { products: { wordpress: { template_name: 'own-golden' } } };
  const around = await surroundings(t, changes);
  const { world, configFile } = around;
  const build = async (): Promise<string[]> => {
    const before = (await requests()).length;
    const child = spawn(
      process.execPath,
      [CLI, 'template', 'build', 'wordpress', '--replace', '--config', configFile],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    t.equal(code, 0, err);
    return (await requests())
      .slice(before)
      .filter(({ method, path }) => method === 'POST' && /\/lxc$/.test(String(path)))
      .map((request) => /ip=([\d.]+)/.exec(JSON.stringify(request))?.[1] ?? '');
  };
  const requests = async (): Promise<Record<string, unknown>[]> => {
    const answer: unknown = await (await fetch(`${world.control}/requests?since=0`)).json();
    return Object.values(fields(fields(answer)['requests'])).map(fields);
  };
  const config = await loadConfig({ file: configFile });
  const state = await openState({
    dir: config.agent.state_dir,
    key: await loadStateKey(config),
    clock: systemClock,
  });
  await state.services.commit('default/7', () => sampleService('7', { addresses: [address(LAST)] }));
  await state.close();
  t.same([...new Set(await build())], [FIRST], 'the daemon is down');

  const served = await around.serve();
  t.same([...new Set(await build())], [FIRST], 'the daemon is up');
  served.child.kill('SIGTERM');
  await served.gone;
});
