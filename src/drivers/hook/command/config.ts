/** The keys of an entry of `alerts.hooks` that is a command. */
import { Type } from 'typebox';
import { list, optional } from '../../../config/building-blocks.js';

const word = Type.String({ minLength: 1, expected: 'a word' });

export const commandKeys = {
  command: optional(
    list('Command, as a list of words. The command gets the alert as JSON on its standard input.', word, {
      minItems: 1,
    }),
  ),
};
