/** Configuration of logs, audit log and alerts. */
import { block, list, number, oneOf, section, text } from './building-blocks.js';
import { ID } from './patterns.js';
import { commandKeys } from '../drivers/hook/command/config.js';
import { webhookKeys } from '../drivers/hook/webhook/config.js';

export const LogSchema = section('The log.', {
  level: oneOf('The log level.', ['trace', 'debug', 'info', 'warn', 'error'], { default: 'info' }),
  format: oneOf(
    'Format of the log: `json` writes one JSON object per line; `journal` adds the priority prefix that systemd reads; ' +
      '`text` is for people. ' +
      '`auto` chooses `journal` for the systemd journal, `text` for a terminal, and `json` otherwise.',
    ['auto', 'json', 'journal', 'text'],
    { default: 'auto' },
  ),
});

export const AuditSchema = section('The audit log: who requested which change.', {
  keep_days: number('How long entries are kept.', 1, 36_500, { unit: 'days', default: 365 }),
});

export const AlertsSchema = section('Alerts for the operator.', {
  certificate_days: number('Remaining lifetime of a certificate below which an alert is raised.', 1, 365, {
    unit: 'days',
    default: 14,
  }),
  pool_percent: number('Usage of a pool above which an alert is raised.', 10, 100, {
    unit: 'percent',
    default: 90,
  }),
  hooks: list(
    'Receivers of alerts. Each hook has either a command or a URL.',
    block('A hook.', {
      name: text('Name of the hook in the log.', {
        pattern: ID,
        expected: '1 to 64 letters, digits, dots, underscores or hyphens, not starting with a dot or hyphen',
      }),
      ...commandKeys,
      ...webhookKeys,
    }),
    { default: [] },
  ),
});
