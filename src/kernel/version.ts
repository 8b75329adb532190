/** The release that this program is; put in by the build. */
export const VERSION = process.env.INNKEEPER_VERSION ?? 'unknown';
