/** Containers carry our mark and the state does not know them: it is not the state that made them. */
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
          `The state does not know what this agent has made: ${found.slice(0, MANY).join(', ')}${more}. ` +
          `It is empty or an old copy. Do not remove these containers: they are customers' sites.`,
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
