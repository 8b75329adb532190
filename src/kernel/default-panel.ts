/** The panel of whoever names none: most installations have one panel. */
export const DEFAULT_PANEL = 'default';
