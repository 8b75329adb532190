/**
 * There are containers with this agent's mark whose services have no record. The present state folder is therefore not
 * the one with which they were created.
 */
import { shellWord } from '../../kernel/command-line.js';
import { type MakeCondition, OF_AGENT } from '../condition.js';

const MANY = 5;

export const stateBehind: MakeCondition =
  ({ strangers, config }) =>
  () => {
    const found = strangers();
    if (found.length === 0) return [];
    const more = found.length > MANY ? ` and ${found.length - MANY} more` : '';
    return [
      {
        kind: 'state_behind',
        subject: 'state',
        ...OF_AGENT,
        text:
          'The state has no record of containers that this agent created: ' +
          `${found.slice(0, MANY).join(', ')}${more}. The state is empty or an old copy. ` +
          "Do not remove these containers: they are customers' sites.",
        commands: [
          'innkeeper doctor',
          'systemctl stop innkeeper',
          `mv ${shellWord(config.agent.state_dir)} ${shellWord(`${config.agent.state_dir}.wrong`)}`,
          'innkeeper state import NEWEST-EXPORT.tar.gz',
        ],
        data: { containers: found.length },
      },
    ];
  };
