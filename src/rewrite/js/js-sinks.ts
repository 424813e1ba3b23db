// The places in JavaScript where a literal is certainly a URL that nothing can catch at run time.

const GLOBAL = String.raw`(?:(?:window|document|self|top|parent|opener|globalThis|frames)\s*(?:\?\s*)?\.\s*)*`;
const START = String.raw`(?:^|[^\w$.\x80-\xff])`;

/** `import "…"`, `import("…")`, `… from "…"`: module specifiers (ECMA-262 §16.2). */
const MODULE = new RegExp(`${START}(?:import\\s*\\(?|from)$`);
/** `location = "…"` and its properties, not a comparison, not a declaration. */
const ASSIGNED = new RegExp(`${START}${GLOBAL}location(?:\\s*\\.\\s*(?:href|pathname))?\\s*=$`);
const DECLARED = /(?:^|[^\w$.])(?:var|let|const)\s+location\s*=$/;
/** `location.assign("…")`, `location.replace("…")`. */
const CALLED = new RegExp(`${START}${GLOBAL}location\\s*(?:\\?\\s*)?\\.\\s*(?:assign|replace)\\s*(?:\\?\\.\\s*)?\\($`);
/** `new Worker("…")`, `new SharedWorker("…")`. */
const WORKER = new RegExp(`${START}new\\s+${GLOBAL}(?:Shared)?Worker\\s*\\($`);
const IMPORT_SCRIPTS = new RegExp(`${START}${GLOBAL}importScripts\\s*\\($`);

/** Whether a string behind `code` (trimmed, its last characters) is the first argument of importScripts. */
export function isImportScripts(code: string): boolean {
  return code.endsWith('(') && IMPORT_SCRIPTS.test(code);
}

/** Whether a string behind `code` (trimmed, its last characters) is a module specifier, a place to go, or a worker. */
export function isSink(code: string): boolean {
  switch (code.charCodeAt(code.length - 1)) {
    case 0x3d: // =
      return ASSIGNED.test(code) && !DECLARED.test(code);
    case 0x28: // (
      return MODULE.test(code) || CALLED.test(code) || WORKER.test(code);
    case 0x6d: // m of from
    case 0x74: // t of import
      return MODULE.test(code);
    default:
      return false;
  }
}
