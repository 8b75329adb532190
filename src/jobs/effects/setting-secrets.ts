/** The names by which the code of a module refers to secrets among its settings: `settings.<field>`. */
const PREFIX = 'settings.';

export function settingName(field: string): string {
  return `${PREFIX}${field}`;
}

export function isSettingName(name: string): boolean {
  return name.startsWith(PREFIX);
}
