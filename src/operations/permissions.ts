/** What a token may be allowed to do. */

export const PERMISSIONS = [
  'sites:write',
  'sites:read',
  'backups:write',
  'domains:write',
  'jobs:read',
  'admin',
] as const;

export type Permission = (typeof PERMISSIONS)[number];

/** What a panel needs: everything but `admin`, which includes all of them. */
export const PANEL_PERMISSIONS: readonly Permission[] = PERMISSIONS.filter((name) => name !== 'admin');

export function isPermission(text: string): text is Permission {
  return PERMISSIONS.some((name) => name === text);
}
