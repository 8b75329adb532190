/** The images that can be ordered, and the OS templates behind them. */

/**
 * Maps the name of an image in plans and orders to the name of Proxmox's OS template, without version. `pveam
 * available --section system` lists the templates that can be downloaded.
 */
export const IMAGES: Readonly<Record<string, string>> = {
  'debian-13': 'debian-13-standard',
  'debian-12': 'debian-12-standard',
  'ubuntu-24.04': 'ubuntu-24.04-standard',
  'ubuntu-22.04': 'ubuntu-22.04-standard',
  'almalinux-9': 'almalinux-9-default',
  'rockylinux-9': 'rockylinux-9-default',
  'fedora-42': 'fedora-42-default',
  'alpine-3.22': 'alpine-3.22-default',
};

export const IMAGE_PATTERN = '^[a-z0-9][a-z0-9._-]{0,63}$';

/** `own` are the operator's additional images. An image that is in neither list has the name of its OS template. */
export function templateOf(image: string, own: Readonly<Record<string, unknown>>): string {
  const found = own[image];
  return typeof found === 'string' ? found : (IMAGES[image] ?? image);
}
