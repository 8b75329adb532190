/**
 * Alerts that modules raise. They stay active until the module clears them, or until the service or module that they
 * concern is gone (`alerts/conditions/module-alert.ts`).
 */
import { innkeeper } from '../../kernel/command-line.js';
import { plainJson } from '../../kernel/plain-json.js';
import { cleaned } from '../../kernel/text.js';
import { within } from '../../jobs/engine/bounded-call.js';
import type { ModuleCaller } from '../../jobs/effects/module-calls.js';
import type { AlertSpec } from '../../model/alert.js';
import type { Json } from '../../kernel/json.js';
import { type ModuleCall, moduleNameOf, refused } from './call.js';

/** The part of the alert monitor that modules use. */
export interface AlertSink {
  /** Raises the alert, or changes its text and data. */
  raise(spec: AlertSpec): Promise<void>;
  /** Does nothing if there is no such alert. */
  clear(kind: 'module_alert', subject: string): Promise<void>;
  active(kind: 'module_alert'): readonly { readonly subject: string }[];
}

export interface AlertCalls {
  readonly raise: ModuleCall<'alerts.raise'>;
  readonly clear: ModuleCall<'alerts.clear'>;
}

/** A module that raises alerts in a loop must not fill the list of alerts. */
const MOST_OF_MODULE = 50;
const MOST_TEXT = 600;
const MOST_DATA = 4 * 1024;

export function alertCalls(sink: AlertSink): AlertCalls {
  return {
    async raise(caller, key, { text, data = {} }) {
      const module = moduleNameOf(caller);
      const subject = subjectOf(caller, key);
      const own = sink.active('module_alert').filter((one) => one.subject.startsWith(`${module} `));
      if (own.length >= MOST_OF_MODULE && !own.some((one) => one.subject === subject))
        throw refused(
          'The module raised too many alerts.',
          `${MOST_OF_MODULE} alerts of the module are active, which is the limit`,
        );
      const checked: Json = within(() => plainJson(data, 'data', { bytes: MOST_DATA, depth: 8 }));
      await sink.raise({
        kind: 'module_alert',
        subject,
        ...concernOf(caller),
        text: cleaned(text, MOST_TEXT),
        commands: [innkeeper(['module', 'show', module])],
        data: { module, key, data: checked },
      });
    },
    clear: (caller, key) => sink.clear('module_alert', subjectOf(caller, key)),
  };
}

/** `product/shop default/12 quota`. The same key can be used for each service, and for the module itself. */
function subjectOf(caller: ModuleCaller, key: string): string {
  return [moduleNameOf(caller), caller.service ?? '-', key].join(' ');
}

function concernOf({ service }: ModuleCaller): Pick<AlertSpec, 'panel' | 'serviceId'> {
  const [panel, id] = service?.split('/') ?? [];
  return { panel: panel ?? null, serviceId: id ?? null };
}
