/** Keys about what operators see of the agent: the log, the audit log, alerts. */
import { Type } from 'typebox';
import { block, list, number, oneOf, optional, path, secret, section, text } from './building-blocks.js';
import { ID } from './patterns.js';

const word = Type.String({ minLength: 1, expected: 'a word' });

export const LogSchema = section('The log.', {
  level: oneOf('How much is logged.', ['trace', 'debug', 'info', 'warn', 'error'], { default: 'info' }),
  format: oneOf(
    'The form of the log: `json` writes one JSON object per line, `journal` the same with the priority that systemd reads in front, `text` lines for people. `auto` chooses `journal` for the systemd journal, `text` for a terminal, and else `json`.',
    ['auto', 'json', 'journal', 'text'],
    { default: 'auto' },
  ),
});

export const AuditSchema = section('The audit log: who asked for which change.', {
  keep_days: number('How long it is kept.', 1, 36_500, { unit: 'days', default: 365 }),
});

export const AlertsSchema = section('What operators are told without having asked.', {
  certificate_days: number('A certificate with fewer days left is worth an alert.', 1, 365, {
    unit: 'days',
    default: 14,
  }),
  pool_percent: number('A pool that is used up so far is worth an alert.', 10, 100, {
    unit: 'percent',
    default: 90,
  }),
  hooks: list(
    'Who is told; each hook has either a command or a URL.',
    block('A hook.', {
      name: text('Name of the hook, in the log.', {
        pattern: ID,
        expected: '1-64 of letters, digits, ".", "_", "-", not starting with "." or "-"',
      }),
      command: optional(
        list('Command that gets the alert as JSON on its standard input, words in a list.', word, {
          minItems: 1,
        }),
      ),
      url: optional(secret('Where the alert is posted to as JSON; https only.')),
      secret: optional(
        secret('Signs what is posted (HMAC-SHA256, header Innkeeper-Signature); empty = unsigned.'),
      ),
      ca_file: optional(path("PEM file of the CA to trust there; empty = the system's CAs.", 'certificates')),
    }),
    { default: [] },
  ),
});
