/** Which migrations of a module concern a collection. */

interface Concerning {
  readonly collections?: readonly string[] | null;
}

export function migrationsOf<T extends Concerning>(migrations: readonly T[], collection: string): T[] {
  return migrations.filter(({ collections }) => collections?.includes(collection) ?? true);
}
