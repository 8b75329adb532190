/** innkeeper module settings */
import { text } from 'node:stream/consumers';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';
import { configFile } from '../shared/config-file.js';
import { connectDaemon, fieldsOf } from '../shared/daemon.js';
import { CommandFailure } from '../shared/failure.js';
import { facts, say, sayJson } from '../shared/print.js';
import { modulePath } from './module-path.js';

interface SettingsOptions {
  readonly config?: string;
  readonly json?: true;
}

/** `changes`: `name=value`. A secret should be read from standard input, because other users can see arguments. */
export async function moduleSettings(
  name: string,
  changes: readonly string[],
  { config, json }: SettingsOptions,
): Promise<void> {
  const path = `${modulePath(name)}/settings`;
  const daemon = await connectDaemon(configFile(config), DEFAULT_PANEL);
  let found = await daemon.call('GET', path);
  if (changes.length > 0) {
    const own = Array.isArray(found['own']) ? found['own'].map(String) : [];
    const present = Object.entries(fieldsOf(found['settings'])).filter(([field]) => own.includes(field));
    const changed = await Promise.all(changes.map(changeOf));
    const settings = Object.fromEntries([...present, ...changed]);
    found = await daemon.call('PUT', path, { settings });
  }
  const { success: _, ...answer } = found;
  if (json) sayJson(answer);
  else {
    const settings = Object.entries(fieldsOf(answer['settings']));
    say(
      settings.length === 0 ? 'No settings.' : facts(settings.map(([field, value]) => [field, shown(value)])),
    );
  }
}

async function changeOf(change: string): Promise<[string, unknown]> {
  const at = change.indexOf('=');
  if (at < 1) throw new CommandFailure(`Expected name=value, found "${change}".`);
  const [field, given] = [change.slice(0, at), change.slice(at + 1)];
  if (given === '') return [field, null];
  if (given === '-') return [field, (await text(process.stdin)).replace(/\r?\n$/, '')];
  return [field, valueOf(given)];
}

/** A number, a word such as true, a list or an object. Anything else is a text. */
function valueOf(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
