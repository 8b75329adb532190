/**
 * Reads settings in the worker thread. The settings were checked against the module's schema when the job was created,
 * so these functions only narrow the type.
 */
import { AgentError } from '../../kernel/errors.js';

type Settings = Readonly<Record<string, unknown>>;

export function textSetting(settings: Settings, key: string): string {
  const value = settings[key];
  return typeof value === 'string' ? value : wrong(key, 'a string');
}

export function numberSetting(settings: Settings, key: string): number {
  const value = settings[key];
  return typeof value === 'number' ? value : wrong(key, 'a number');
}

export function textsSetting(settings: Settings, key: string): string[] {
  const value = settings[key];
  return Array.isArray(value) ? value.map(String) : wrong(key, 'a list');
}

function wrong(key: string, expected: string): never {
  throw new AgentError('module_failed', "The product's settings are incomplete.", {
    detail: `the setting "${key}" is not ${expected}`,
  });
}
