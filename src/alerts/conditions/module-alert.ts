/** An alert that a module has raised (`modules/calls/alerts.ts`). Only the module knows when its cause is gone. */
import type { AlertRecord } from '../../model/alert.js';
import { innkeeper } from '../../kernel/command-line.js';
import { textIn } from '../../kernel/json.js';
import type { ConditionSources, MakeCondition } from '../condition.js';

export const moduleAlert: MakeCondition = (sources) => (active) =>
  active
    .filter((record) => concernsSomething(sources, record))
    .map(({ kind, subject, panel, serviceId, text, commands = [], data }) => {
      const [first = innkeeper(['module', 'list']), ...others] = commands;
      return { kind, subject, panel, serviceId, text, commands: [first, ...others], data };
    });

/** Whether the module is still installed, and the service of the alert still exists. */
function concernsSomething(
  { modules, state }: Pick<ConditionSources, 'modules' | 'state'>,
  { panel, serviceId, data }: AlertRecord,
): boolean {
  const module = textIn(data, 'module');
  const isInstalled = modules().some(
    (one) => `${one.type}/${one.name}` === module && one.state !== 'missing',
  );
  if (!isInstalled || panel === null || serviceId === null) return isInstalled;
  const entry = state.services.entry(`${panel}/${serviceId}`);
  return entry !== undefined && entry.lifecycle !== 'terminated';
}
