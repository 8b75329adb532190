/** The panel of requests and tokens that name none: most installations have only one. */
export const DEFAULT_PANEL = 'default';
