// What the path of a mount covers: `/app/` all below it, `/app` itself, `=/app/` itself though it ends in a slash.

/** Whether a mount at `path` covers what lies below it. */
export function isSubtree(path: string): boolean {
  return path.endsWith('/') && !path.startsWith('=');
}

/** The path of a mount as requests spell it. */
export function plainPath(path: string): string {
  return path.startsWith('=') ? path.slice(1) : path;
}
