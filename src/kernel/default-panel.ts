/** The panel for requests and tokens that name no panel. Most installations have only one panel. */
export const DEFAULT_PANEL = 'default';
