/** The keys of `exec` that every driver reads. */
import { Type } from 'typebox';
import { list, number, type Static } from '../../config/building-blocks.js';

export const execKeys = {
  pct: list('The pct command as a list of words.', Type.String({ minLength: 1, expected: 'a word' }), {
    default: ['/usr/sbin/pct'],
    minItems: 1,
  }),
  max_output_bytes: number(
    "Maximum size of a script's output. Of longer output, only the end is kept.",
    4096,
    67_108_864,
    {
      unit: 'bytes',
      default: 1_048_576,
    },
  ),
};

export interface ExecKeys {
  /** The command words that start pct. */
  readonly pct: Static<typeof execKeys.pct>;
  readonly max_output_bytes: Static<typeof execKeys.max_output_bytes>;
}
