/** Where a caller comes in: over the network, or by the socket for programs on the same machine. */
export const LISTENERS = ['network', 'socket'] as const;
export type Listener = (typeof LISTENERS)[number];
