/** Sizes and times as panels print them. */

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** `0.5%`, from 0..1 */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

/** `512MB` */
export function megabytes(bytes: number): string {
  return `${Math.round(bytes / MIB)}MB`;
}

/** `3.1GB`, `20GB` */
export function gigabytes(bytes: number): string {
  return `${(bytes / GIB).toFixed(1).replace(/\.0$/, '')}GB`;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** The largest whole unit: `5 days`, `1 hour`, `0 seconds`. */
export function duration(seconds: number): string {
  const [name, size] = UNITS.find(([, unit]) => seconds >= unit) ?? (['second', 1] as const);
  const count = Math.floor(seconds / size);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
