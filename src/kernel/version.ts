/** The release of this program; set by the build. */
export const VERSION = process.env.INNKEEPER_VERSION ?? 'unknown';
