/** Changes cannot be saved. */
import { shellWord } from '../../kernel/command-line.js';
import { type MakeCondition, OF_AGENT } from '../condition.js';

export const stateWriteFailing: MakeCondition =
  ({ failingWrites, config }) =>
  () => {
    const failing = failingWrites();
    if (!failing) return [];
    const dir = shellWord(config.agent.state_dir);
    return [
      {
        kind: 'state_write_failing',
        subject: 'state',
        ...OF_AGENT,
        text: `The state cannot be written (${failing.code}): requests are refused.`,
        commands: ['innkeeper doctor', `df -h ${dir}; df -i ${dir}`],
        data: { ...failing },
      },
    ];
  };
