// Puts something before and behind a function, and keeps everything else about it.
import type { AnyFunction } from './browser.ts';

// Under short names, because they are used more than once.
export const { defineProperty, getPrototypeOf } = Object;

/**
 * Puts a proxy in the place of a member: of a function (`value`), or of what gets or sets a property. Does nothing where
 * there is none, or where it cannot be replaced. `before` and `after` are those of {@link wrap}.
 */
export function replaceMember(
  owner: object | undefined,
  name: string,
  member: 'value' | 'get' | 'set',
  before: Before,
  after?: () => void,
): void {
  // Functions of workers stand in the prototype of their global object.
  for (let holder = owner; holder; holder = getPrototypeOf(holder) as object | undefined) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, name);
    if (!descriptor) continue;
    const original = descriptor[member] as AnyFunction | undefined;
    if (descriptor.configurable && original)
      defineProperty(holder, name, { ...descriptor, [member]: wrap(original, before, after) });
    return;
  }
}

/** What happens first; it may change the arguments. */
type Before = (args: unknown[], self?: unknown) => void;

/**
 * A proxy for `target`, which keeps its name, its length, its prototype and its native look. `before` may change the
 * arguments; what it throws is dropped, because what cannot be mapped is for the browser to complain about.
 */
function wrap(target: AnyFunction, before: Before, after?: () => void): AnyFunction {
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
        after?.();
      }
    },
    construct: (original, args, newTarget) => Reflect.construct(original, adjust(args), newTarget) as object,
  });
}
