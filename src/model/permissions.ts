/** The permissions that a token can have. */

export const PERMISSIONS = [
  'sites:write',
  'sites:read',
  'backups:write',
  'domains:write',
  'jobs:read',
  'metrics:read',
  'servers:read',
  'servers:write',
  'admin',
] as const;

/** A permission that a module declares. */
export type ModulePermission = `module:${string}/${string}:${string}`;

export type Permission = (typeof PERMISSIONS)[number] | ModulePermission;

const MODULE_PERMISSION = /^module:[a-z]+\/[a-z0-9]+(?:-[a-z0-9]+)*:[a-z][a-z0-9-]{0,39}$/;

/** Only for operators: metrics and servers concern all panels, and `admin` includes everything. */
const OPERATORS: readonly Permission[] = ['metrics:read', 'servers:read', 'servers:write', 'admin'];

/** The permissions that a panel needs. */
export const PANEL_PERMISSIONS: readonly Permission[] = PERMISSIONS.filter(
  (name) => !OPERATORS.includes(name),
);

export function isPermission(text: string): text is Permission {
  return PERMISSIONS.some((name) => name === text) || isModulePermission(text);
}

/** Whether the text has the form `module:<type>/<name>:<key>`. */
export function isModulePermission(text: string): text is ModulePermission {
  return text.length <= LONGEST && MODULE_PERMISSION.test(text);
}

/** Maximum length of a permission. */
const LONGEST = 128;

/** The permission with this key of a module. */
export function modulePermission(
  { type, name }: { readonly type: string; readonly name: string },
  key: string,
): ModulePermission {
  return `module:${type}/${name}:${key}`;
}
