import t from 'tap';
import { field, fixture } from './fixture.js';

const NET = 'name=eth0,bridge=vmbr0,ip=10.9.0.5/24,gw=10.9.0.1';
const CT = '/nodes/pve1/lxc/101';

t.test('a clone of the template becomes a running container', async (t) => {
  const { ask, task, backend } = await fixture(t);
  t.equal(
    await task('POST', '/nodes/pve1/lxc/9001/clone', {
      newid: 101,
      hostname: 'shop',
      description: 'innkeeper:a/b/c/1',
    }),
    'OK',
  );
  const put = await ask('PUT', `${CT}/config`, { net0: NET, memory: 2048, cores: 2, tags: 'B;a' });
  t.equal(put.status, 200);
  t.equal(await task('PUT', `${CT}/resize`, { disk: 'rootfs', size: '20G' }), 'OK');
  t.equal(await task('POST', `${CT}/status/start`), 'OK');
  const { data: config } = await ask('GET', `${CT}/config`);
  t.match(config, { hostname: 'shop', memory: 2048, tags: 'a;b', description: 'innkeeper:a/b/c/1\n' });
  t.match(
    String(field(config, 'net0')),
    /^name=eth0,bridge=vmbr0,gw=10.9.0.1,hwaddr=BC:24:11(:[0-9A-F]{2}){3},ip=10.9.0.5\/24,type=veth$/,
  );
  t.match(String(field(config, 'rootfs')), /,size=20G$/);
  t.match((await ask('GET', `${CT}/status/current`)).data, {
    status: 'running',
    vmid: 101,
    ha: { managed: 0 },
  });
  t.ok(backend.upstreamOf('10.9.0.5'));
});
