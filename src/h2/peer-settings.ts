// What the peer told about itself in SETTINGS, checked value by value (RFC 9113 §6.5.2, RFC 8441 §3).
import { protocolError, type SessionFault } from './frame-parser.ts';
import { CODE, DEFAULT_WINDOW_BYTES, FRAME_BYTES, LARGEST_31_BITS, SETTING } from './frames.ts';

/** What matters to whoever opens streams. */
export interface PeerSettings {
  readonly maxConcurrentStreams: number;
  readonly enableConnectProtocol: boolean;
}

/** A window that no peer may ask for (RFC 9113 §6.9.1). */
export const WINDOW_TOO_LARGE: SessionFault = { code: CODE.flowControl, detail: 'a window of more than 2^31-1' };

/** The settings of one peer so far: those under way, or the last ones. */
export class SettingsReader {
  maxConcurrentStreams = Number.POSITIVE_INFINITY;
  enableConnectProtocol = false;
  /** What streams may send before the peer gives them more. */
  initialWindowBytes = DEFAULT_WINDOW_BYTES;
  readonly #isFromClient: boolean;

  constructor(isFromClient: boolean) {
    this.#isFromClient = isFromClient;
  }

  /** Notes one parameter; those that nobody knows are ignored (RFC 9113 §6.5.2). */
  read(id: number, value: number): SessionFault | undefined {
    switch (id) {
      case SETTING.enablePush:
        // A server must not claim that it may push.
        return value > (this.#isFromClient ? 1 : 0) ? protocolError('SETTINGS_ENABLE_PUSH') : undefined;
      case SETTING.maxConcurrentStreams:
        this.maxConcurrentStreams = value;
        return undefined;
      case SETTING.initialWindowSize:
        this.initialWindowBytes = value;
        return value > LARGEST_31_BITS ? WINDOW_TOO_LARGE : undefined;
      case SETTING.maxFrameSize:
        return value < FRAME_BYTES || value >= 2 ** 24 ? protocolError('SETTINGS_MAX_FRAME_SIZE') : undefined;
      case SETTING.enableConnectProtocol:
        this.enableConnectProtocol = value === 1;
        return value > 1 ? protocolError('SETTINGS_ENABLE_CONNECT_PROTOCOL') : undefined;
      default:
        return undefined;
    }
  }
}
