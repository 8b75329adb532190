/** Checks how many file descriptors the running daemon may use. */
import { descriptorLimit } from '../../kernel/descriptor-use.js';
import { isRunning, readNote } from '../../state/files/lock-note.js';
import { type Check, notChecked, ok, warning } from '../../drivers/shared/doctor/check.js';
import type { DoctorParts } from '../parts.js';

/**
 * The limit that the systemd unit sets. It is enough if the numbers of connections, jobs and remote systems are all at
 * their maximum.
 */
const RIGHT = 16_384;
const UNIT = '/etc/systemd/system/innkeeper.service.d';

export function descriptorChecks({ config }: Pick<DoctorParts, 'config'>): Check[] {
  return [
    {
      name: 'daemon.descriptors',
      title: 'file descriptors of the daemon',
      after: [],
      look: ['systemctl show innkeeper -p LimitNOFILE -p LimitNOFILESoft'],
      run: async () => {
        const note = await readNote(config.agent.state_dir);
        if (!note || !isRunning(note)) return ok('the daemon is not running');
        const limit = descriptorLimit(note.pid);
        if (limit === undefined) return notChecked(`process ${note.pid} does not show its limits`);
        if (limit >= RIGHT) return ok(`the daemon may open ${limit} files and connections`);
        return warning(
          `the daemon may open only ${limit} files and connections, which limits the number of its clients`,
          `install -d ${UNIT}`,
          String.raw`printf '[Service]\nLimitNOFILE=65536\n' > ${UNIT}/descriptors.conf`,
          'systemctl daemon-reload && systemctl restart innkeeper',
        );
      },
    },
  ];
}
