// Matcher: a pure yes or no about an exchange.
import type { Exchange } from './exchange.ts';

/** Must be pure and cheap and must change nothing. */
export type Matcher = (exchange: Exchange) => boolean;
