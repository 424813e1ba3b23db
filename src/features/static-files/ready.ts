// Values that may be there already: goes on at once with those, so that answers from memory cost no turn of the event loop.

/** A value, or the promise of one. */
export type Ready<T> = T | Promise<T>;

/** Calls `next` with the value, now if it is there. */
export function whenReady<T, R>(value: Ready<T>, next: (value: T) => Ready<R>): Ready<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
