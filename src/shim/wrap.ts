// Puts something before and behind a function, and keeps everything else about it.
import type { AnyFunction } from './browser.ts';

// Under short names, because they are used more than once.
export const { defineProperty, getOwnPropertyDescriptor } = Object;

/**
 * A proxy for `target`, which keeps its name, its length, its prototype and its native look. `before` may change the
 * arguments; what it throws is dropped, because what cannot be mapped is for the browser to complain about.
 */
export function wrap(
  target: AnyFunction,
  before: (args: unknown[], self?: unknown) => void,
  after: () => void = () => {},
): AnyFunction {
  const adjust = (args: unknown[], self?: unknown) => {
    try {
      before(args, self);
    } catch {}
    return args;
  };
  return new Proxy(target, {
    apply(original, self, args) {
      try {
        return Reflect.apply(original, self, adjust(args, self));
      } finally {
        after();
      }
    },
    construct: (original, args, newTarget) => Reflect.construct(original, adjust(args), newTarget) as object,
  });
}
