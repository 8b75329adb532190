/** The content of a memory container's disk. It is a plain value that clones and snapshots copy. */
import { Type } from 'typebox';

export const siteSchema = Type.Object({
  fqdn: Type.String(),
  /** `https://<fqdn>` */
  url: Type.String(),
  /** The names under which the site responds, in addition to the name in its URL. */
  names: Type.Optional(Type.Array(Type.String())),
  /** The title, escaped as in the database of WordPress. */
  title: Type.String(),
  /** WordPress's name of the locale. If it is absent, the locale is `en_US`. */
  locale: Type.Optional(Type.String()),
  adminUser: Type.String(),
  adminEmail: Type.String(),
  adminPassword: Type.String(),
  dbPassword: Type.String(),
  /** The login pages by ID. Each page logs a user in once. `until` is in epoch ms. */
  loginLinks: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Object({ sha256: Type.String(), until: Type.Number(), user: Type.String() }),
    ),
  ),
  /** The key that signs login cookies. Like WordPress's salts, it changes with every configuration. */
  salt: Type.String(),
});

export const diskSchema = Type.Object({
  os: Type.String(),
  packages: Type.Array(Type.String()),
  /** The SSH host keys. If they are empty, they are generated at the next start. */
  machineId: Type.String(),
  files: Type.Record(Type.String(), Type.String()),
  site: Type.Optional(siteSchema),
});

export type Site = Type.Static<typeof siteSchema>;
export type Disk = Type.Static<typeof diskSchema>;

export function plainDisk(os: string): Disk {
  return { os, packages: [], machineId: '', files: {} };
}

/** Returns the disk of a golden template, on which all packages are installed but no site is configured. */
export function goldenDisk(): Disk {
  return { ...plainDisk('debian-12'), packages: ['nginx', 'php-fpm', 'mariadb-server', 'wordpress'] };
}
