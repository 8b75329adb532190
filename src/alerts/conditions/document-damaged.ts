/** Documents were set aside as damaged at this start or an earlier one. */
import { shellWord } from '../../kernel/command-line.js';
import { listOf } from '../../kernel/text.js';
import { type MakeCondition, OF_AGENT } from '../condition.js';

export const documentDamaged: MakeCondition =
  ({ state, config }) =>
  () => {
    const { damaged } = state;
    if (damaged.length === 0) return [];
    const dir = shellWord(config.agent.state_dir);
    return [
      {
        kind: 'document_damaged',
        subject: 'state',
        ...OF_AGENT,
        text:
          `Records that cannot be read were set aside: ${listOf(damaged.map(({ file }) => file))}. ` +
          'Requests about these records are refused. ' +
          'Restore the records from an export, or remove them, and restart the agent.',
        commands: [
          'innkeeper state verify',
          'systemctl stop innkeeper',
          `mv ${dir}/damaged ${dir}/damaged.seen`,
        ],
        data: { documents: damaged.length },
      },
    ];
  };
