/** The permissions that a token can have. */

export const PERMISSIONS = [
  'sites:write',
  'sites:read',
  'backups:write',
  'domains:write',
  'jobs:read',
  'metrics:read',
  'admin',
] as const;

export type Permission = (typeof PERMISSIONS)[number];

/** Only for operators: metrics cover all panels, and `admin` includes everything. */
const OPERATORS: readonly Permission[] = ['metrics:read', 'admin'];

/** The permissions that a panel needs. */
export const PANEL_PERMISSIONS: readonly Permission[] = PERMISSIONS.filter(
  (name) => !OPERATORS.includes(name),
);

export function isPermission(text: string): text is Permission {
  return PERMISSIONS.some((name) => name === text);
}
