import { readFile } from 'node:fs/promises';
import t from 'tap';
import { neededPrivileges, setUpCommands } from '../../src/drivers/guest/proxmox/privileges.js';
import { documentedGrants } from '../../src/sandbox/documented-grants.js';
import { blocksOf } from '../tools/runbook.js';
import { proxmoxConfig } from '../fakes/proxmox-config.js';

/** The example of docs/installing.md, on an installation as the configuration's defaults describe it. */
const config = proxmoxConfig({ ha: { enabled: false, nodes: [], group: null } });
const USER = 'innkeeper@pve';

/** The lines of the first block with commands for `pveum`. */
async function documented(): Promise<string[]> {
  const block = (await blocksOf('docs/installing.md')).find(({ text }) => text.includes('pveum'));
  return (block?.text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

t.test('the commands that the docs grant rights with are those of the one list', async (t) => {
  const lines = await documented();
  const grants = lines.filter((line) => /^pveum (?:role|acl) /.test(line));
  t.same(grants, setUpCommands(neededPrivileges(config), USER));
  t.same(
    lines.filter((line) => !grants.includes(line)),
    ['pveum pool add innkeeper', `pveum user add ${USER}`, `pveum user token add ${USER} agent --privsep 0`],
    'and nothing else is done',
  );
});

t.test('with high availability one privilege more is documented', async (t) => {
  const text = await readFile('docs/installing.md', 'utf8');
  const withHa = proxmoxConfig({ ha: { enabled: true, nodes: [], group: null } });
  const more = setUpCommands(neededPrivileges(withHa), USER).filter(
    (line) => !setUpCommands(neededPrivileges(config), USER).includes(line),
  );
  t.same(more, ['pveum role add InnkeeperCluster --privs "Sys.Audit Sys.Console"']);
  t.ok(text.includes('`pveum role modify InnkeeperCluster --append 1 --privs Sys.Console`'));
});

t.test('the sandbox grants its token what the docs grant, and nothing more', (t) => {
  const { user, privsep } = documentedGrants(config);
  t.equal(privsep, false);
  t.same(user, {
    '/pool/innkeeper': [
      ...['VM.Allocate', 'VM.Clone', 'VM.PowerMgmt', 'VM.Config.CPU', 'VM.Config.Memory', 'VM.Config.Disk'],
      ...['VM.Config.Network', 'VM.Config.Options', 'VM.Snapshot'],
    ],
    '/vms': ['VM.Audit'],
    '/storage/local-lvm': ['Datastore.AllocateSpace', 'Datastore.Audit'],
    '/storage/local': ['Datastore.Audit'],
    '/sdn/zones/localnetwork/vmbr0': ['SDN.Use'],
    '/': ['Sys.Audit'],
  });
  t.end();
});
