/** How a caller connects: over the network, or through the socket for programs on the same machine. */
export const LISTENERS = ['network', 'socket'] as const;
export type Listener = (typeof LISTENERS)[number];
