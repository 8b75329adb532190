/** What stands on the disk of a memory container: a plain value that a clone copies and a snapshot keeps. */
import { Type } from 'typebox';

export const siteSchema = Type.Object({
  fqdn: Type.String(),
  /** `https://<fqdn>` */
  url: Type.String(),
  /** Names it answers at as itself, besides the one of its URL. */
  names: Type.Optional(Type.Array(Type.String())),
  /** As in WordPress's own database: escaped. */
  title: Type.String(),
  /** As WordPress names it; absent: `en_US`. */
  locale: Type.Optional(Type.String()),
  adminUser: Type.String(),
  adminEmail: Type.String(),
  adminPassword: Type.String(),
  dbPassword: Type.String(),
  /** By id, pages that log somebody in once; `until` in epoch ms. */
  loginLinks: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Object({ sha256: Type.String(), until: Type.Number(), user: Type.String() }),
    ),
  ),
  /** Signs log-in cookies; new with every configuration, as salts are. */
  salt: Type.String(),
});

export const diskSchema = Type.Object({
  os: Type.String(),
  packages: Type.Array(Type.String()),
  /** Empty: made at the next start. */
  machineId: Type.String(),
  files: Type.Record(Type.String(), Type.String()),
  site: Type.Optional(siteSchema),
});

export type Site = Type.Static<typeof siteSchema>;
export type Disk = Type.Static<typeof diskSchema>;

export function plainDisk(os: string): Disk {
  return { os, packages: [], machineId: '', files: {} };
}

/** The disk of a golden template: everything installed, nothing configured. */
export function goldenDisk(): Disk {
  return { ...plainDisk('debian-12'), packages: ['nginx', 'php-fpm', 'mariadb-server', 'wordpress'] };
}
