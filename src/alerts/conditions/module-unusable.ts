/** A module cannot be used, or a module that services need is not installed. */
import type { ModuleView } from '../../model/module-view.js';
import { innkeeper } from '../../kernel/command-line.js';
import { cleaned } from '../../kernel/text.js';
import { type MakeCondition, OF_AGENT } from '../condition.js';

export const moduleUnusable: MakeCondition =
  ({ modules }) =>
  () =>
    modules()
      .filter(({ state }) => state === 'error' || state === 'missing')
      .map((module) => ({
        kind: 'module_unusable',
        // the path is used because two folders may contain a module of the same name, of which only the first is used
        subject: module.path ?? nameOf(module),
        ...OF_AGENT,
        text: `The module ${nameOf(module)} ${about(module)}`,
        commands: [innkeeper(['module', 'show', nameOf(module)]), innkeeper(['doctor'])],
        data: {
          module: nameOf(module),
          path: module.path,
          state: module.state,
          reason: module.reason === null ? null : cleaned(module.reason),
          services: module.services,
        },
      }));

const nameOf = ({ type, name }: ModuleView): string => `${type}/${name}`;

function about({ state, path, reason, services }: ModuleView): string {
  const why = cleaned(reason ?? '').replace(/\.$/, '');
  const affected =
    services === 0 ? '' : ` ${services === 1 ? 'One service needs' : `${services} services need`} it.`;
  return state === 'missing'
    ? `is missing: ${why}.${affected}`
    : `in ${path ?? 'no folder'} cannot be used: ${why}.${affected}`;
}
