import t from 'tap';
import {
  kindOfAnswer,
  kindOfText,
  PveError,
  toAgentError,
} from '../../../src/drivers/guest/proxmox/pve-error.js';
import type { Failure } from '../../../src/kernel/errors.js';

/** Texts as they were seen: in issue trackers, in Proxmox's own code, on real clusters. */
const TEXTS: readonly (readonly [Failure, string])[] = [
  ['busy', "zfs error: cannot destroy 'rpool/data/subvol-1010-disk-0': dataset is busy"],
  [
    'busy',
    "API Return-Code: 500. Message: Could not autoplace resource vm-1010-disk-0, because: 'storage-drbd'-locked command timed out - aborting",
  ],
  [
    'busy',
    "lvremove 'pve/vm-1010-disk-0' error:   Logical volume pve/vm-1010-disk-0 contains a filesystem in use.",
  ],
  ['busy', "lvremove 'pve/vm-1010-disk-0' error: Logical volume pve/vm-1010-disk-0 in use."],
  ['busy', 'rbd error: error: image still has watchers'],
  ['busy', "cfs-lock 'storage-X' error: got lock request timeout"],
  ['busy', "can't lock file '/run/lock/lxc/pve-config-101.lock' - got timeout"],
  ['busy', 'CT is locked (backup)'],
  ['busy', "storage 'nope' does not exist"],
  ['busy', "storage 'tank' is not available on node 'pve2'"],
  ['busy', "clone failed: content type 'rootdir' is not available or configured on storage 'local'"],
  ['busy', "unable to create CT 102 - volume 'local:vztmpl/nope.tar.gz' does not exist"],
  ['busy', "update pools failed: pool 'nope' does not exist"],
  ['busy', "unable to hotplug net0: bridge 'nobr' does not exist"],
  ['unreachable', 'pve cluster filesystem not online'],
  ['unreachable', "storage 'x' is not online"],
  ['unreachable', 'cluster not ready - no quorum?'],
  ['unknown', 'interrupted by signal'],
  ['unknown', "command 'zfs destroy -r rpool/data/subvol-1010-disk-0' failed: got timeout"],
  ['unknown', 'unable to create CT 1010 - no space left on device'],
  ['unknown', "command 'mkfs.ext4 -O mmp' failed: exit code 1"],
  ['unknown', "startup for container '101' failed"],
  ['unknown', 'words that nobody has seen before'],
  ['gone', "Configuration file 'nodes/pve1/lxc/101.conf' does not exist"],
  ['refused_request', 'unable to shrink disk size'],
  ['refused_request', 'snapshot feature is not available'],
  ['refused_request', "can't rollback, 'x1' is not most recent snapshot on 'rpool/data/subvol-101-disk-0'"],
  ['refused_request', "can't clone container to node 'pve2' (container uses local storage)"],
  ['conflict', "can't remove CT 101 - protection mode enabled"],
  ['conflict', "base volume 'local-lvm:base-900-disk-0' is still in use by linked cloned"],
];

t.test('a failure that nobody knows is tried again; what is final stands in one list', async (t) => {
  for (const [failure, text] of TEXTS) {
    const error = toAgentError(new PveError(kindOfText(text), 'task vzdestroy 1010', text));
    t.equal(error.failure, failure, text);
    t.equal(error.retryable, ['busy', 'unreachable', 'unknown'].includes(failure), 'and may be tried again');
    t.match(error.detail, text.slice(0, 20), 'with its own words');
  }
});

t.test(
  'what the configuration names and the host does not have is told as such, also of a parameter',
  async (t) => {
    const errors = { net0: "unable to hotplug net0: bridge 'nobr' does not exist" };
    const kind = kindOfAnswer(400, 'Parameter verification failed.', errors);
    const error = toAgentError(new PveError(kind, 'PUT /nodes/pve1/lxc/101/config', 'x', { errors }));
    t.match(error, { code: 'host_incomplete', failure: 'busy', retryable: true, detail: /bridge 'nobr'/ });
    t.match(error.system, undefined, 'it is no reason to stop asking the host');
    const other = { net0: 'invalid format - format error' };
    t.equal(kindOfAnswer(400, 'Parameter verification failed.', other), 'parameter');
  },
);
