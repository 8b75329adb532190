/** The content of a memory container's disk: a plain value that a clone copies and a snapshot keeps. */
import { Type } from 'typebox';

export const siteSchema = Type.Object({
  fqdn: Type.String(),
  /** `https://<fqdn>` */
  url: Type.String(),
  /** Names that the site answers for in addition to the name in its URL. */
  names: Type.Optional(Type.Array(Type.String())),
  /** Escaped, as in WordPress's own database. */
  title: Type.String(),
  /** WordPress's name of the locale; absent: `en_US`. */
  locale: Type.Optional(Type.String()),
  adminUser: Type.String(),
  adminEmail: Type.String(),
  adminPassword: Type.String(),
  dbPassword: Type.String(),
  /** Login pages by ID: each logs a user in once; `until` in epoch ms. */
  loginLinks: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Object({ sha256: Type.String(), until: Type.Number(), user: Type.String() }),
    ),
  ),
  /** Signs login cookies; new with every configuration, like WordPress's salts. */
  salt: Type.String(),
});

export const diskSchema = Type.Object({
  os: Type.String(),
  packages: Type.Array(Type.String()),
  /** Empty: generated at the next start. */
  machineId: Type.String(),
  files: Type.Record(Type.String(), Type.String()),
  site: Type.Optional(siteSchema),
});

export type Site = Type.Static<typeof siteSchema>;
export type Disk = Type.Static<typeof diskSchema>;

export function plainDisk(os: string): Disk {
  return { os, packages: [], machineId: '', files: {} };
}

/** The disk of a golden template: everything is installed, nothing is configured. */
export function goldenDisk(): Disk {
  return { ...plainDisk('debian-12'), packages: ['nginx', 'php-fpm', 'mariadb-server', 'wordpress'] };
}
