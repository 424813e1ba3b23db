// Byte constants and class tables for ASCII grammars (RFC 9110 §5.6.2, RFC 5234 appendix B.1).

export const NUL = 0x00;
export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const SLASH = 0x2f;
export const DEL = 0x7f;

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** 1 at each octet that may stand in a token: RFC 9110 §5.6.2 `tchar`. */
export const IS_TOKEN: Readonly<Uint8Array> = classTable((octet) =>
  TOKEN_CHARACTERS.includes(String.fromCharCode(octet)),
);

/** 1 at each octet that may stand in a field value: VCHAR, SP, HTAB and obs-text (RFC 9110 §5.5). */
export const IS_FIELD_VALUE: Readonly<Uint8Array> = classTable(
  (octet) => octet === HTAB || (octet >= SP && octet !== DEL),
);

/** The value of each hexadecimal digit, 255 for every other octet. */
export const HEX_VALUE: Readonly<Uint8Array> = hexTable();

function classTable(isMember: (octet: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, octet) => (isMember(octet) ? 1 : 0));
}

function hexTable(): Uint8Array {
  const table = new Uint8Array(256).fill(255);
  for (let digit = 0; digit < 16; digit++) {
    table[digit.toString(16).charCodeAt(0)] = digit;
    table[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
  }
  return table;
}
