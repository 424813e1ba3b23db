// The table of what is hooked: every place where an application hands the browser a URL, or text with URLs in it.
import type { AnyFunction, ElementLike, Holder, Realm } from './browser.ts';
import { kindOfAttribute, type MapText, type TextMaps } from './texts.ts';

/**
 * Functions, methods and constructors: owner, names, and how arguments are mapped. The owner is an interface, `=` and an
 * object, or nothing for the global object. Letters stand for arguments, in order: those of {@link TextMaps}, `o` for an
 * object with URLs in it, `a` for an array of URLs, `-` for what is not mapped; the last one counts for all that follow.
 * A capital letter is one of {@link createSpecials}.
 */
const CALLS =
  ' fetch u-; open u-; importScripts u; Request,WebSocket,EventSource,Worker,SharedWorker,WebTransport,Audio u-;' +
  ' FontFace -c-; Notification -o-;XMLHttpRequest open -u-;Navigator sendBeacon u-;' +
  'Navigator registerProtocolHandler -u-;History pushState,replaceState --u-;Navigation navigate u-;' +
  'ServiceWorkerContainer register uo-;ServiceWorkerContainer getRegistration u;' +
  'ServiceWorkerRegistration showNotification -o-;Clients openWindow u;WindowClient navigate u;Worklet addModule u-;' +
  'Cache add,match,put,delete u-;Cache addAll a;CacheStorage match u-;CookieStore set,delete C;' +
  'Document write,writeln h;=Document parseHTMLUnsafe h-;Element,ShadowRoot setHTML,setHTMLUnsafe h-;' +
  'Element insertAdjacentHTML -h;Range createContextualFragment h;Element setAttribute A;Element setAttributeNS N;' +
  'CSSStyleSheet insertRule,replace,replaceSync c-;CSSGroupingRule insertRule c-;CSSStyleDeclaration setProperty -c-;' +
  'Node appendChild,insertBefore S;Element append,prepend,replaceChildren S;HTMLFormElement submit F;TrustedTypePolicyFactory createPolicy T';

/** Properties that can be set: a letter, their names, and the interfaces that have them; `@Anchor` is HTMLAnchorElement. */
const PROPERTIES =
  'u href @Anchor,@Area,@Link,@Base;u src @Image,@Script,@IFrame,@Frame,@Media,@Source,@Track,@Embed,@Input;' +
  'u data @Object;u action @Form;u formAction @Input,@Button;u poster @Video;u background @Body;u cite @Quote,@Mod;' +
  'l ping @Anchor,@Area;s srcset @Image,@Source;s imageSrcset @Link;h srcdoc @IFrame;h innerHTML Element,ShadowRoot;' +
  'h outerHTML Element;k cookie Document;Y textContent Node;u baseVal SVGAnimatedString;c cssText CSSStyleDeclaration';

/** CSS properties that take a `url()`. */
const STYLES =
  'background background-image border-image border-image-source content cursor filter list-style list-style-image mask mask-image';

/** Members that are URLs, of the objects that take some: of options, notifications, media. */
const URL_MEMBERS = ['url', 'scope', 'icon', 'badge', 'image'];

/** Changes the arguments of a call in place. */
type Adjust = (args: unknown[], self: unknown) => void;

/** What hooks need from the rest of the shim. */
export interface HookTools {
  readonly maps: TextMaps;
  /** Maps where a form goes before it is sent. */
  fixForm(form: ElementLike): void;
}

/** Installs every hook that this realm has a place for. */
export function installHooks(realm: Realm, tools: HookTools): void {
  const specials = createSpecials(tools);
  const adjustFor = (kinds: string) => specials[kinds] ?? adjustEach(kinds, tools.maps);
  for (const [owners = '', names = '', kinds = ''] of rows(CALLS)) {
    for (const owner of owners.split(',')) {
      const holder = owner.startsWith('=') ? realm[owner.slice(1)] : owner === '' ? realm : prototypeOf(realm, owner);
      for (const name of names.split(',')) hook(holder as Holder | undefined, name, 'value', adjustFor(kinds));
    }
  }
  for (const [kind = '', names = '', owners = ''] of rows(PROPERTIES)) {
    for (const owner of owners.split(',')) {
      const holder = prototypeOf(realm, owner.replace(/^@(.*)/, 'HTML$1Element'));
      for (const name of names.split(',')) hook(holder, name, 'set', adjustFor(kind));
    }
  }
  hookStyles(realm);
}

/**
 * Where the properties of a style are no members of an interface, an accessor there sees them set all the same. It does
 * what CSSOM says of them (§6.6.1), by the methods that are hooked.
 */
function hookStyles(realm: Realm): void {
  const prototype = ['CSSStyleProperties', 'CSS2Properties', 'CSSStyleDeclaration']
    .map((name) => prototypeOf(realm, name))
    .find(Boolean);
  for (const name of prototype === undefined ? [] : STYLES.split(' ')) {
    const accessor = {
      get(this: CSSStyle) {
        return this.getPropertyValue(name);
      },
      set(this: CSSStyle, value: unknown) {
        this.setProperty(name, value);
      },
      configurable: true,
      enumerable: true,
    };
    for (const spelling of [name, name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())])
      Object.defineProperty(prototype, spelling, accessor);
  }
}

interface CSSStyle {
  getPropertyValue(name: string): string;
  setProperty(name: string, value: unknown): void;
}

function rows(table: string): string[][] {
  return table.split(';').map((row) => row.split(' '));
}

function prototypeOf(realm: Realm, name: string): Holder | undefined {
  return (realm[name] as Holder | undefined)?.['prototype'] as Holder | undefined;
}

/** Puts a proxy in the place of a function, which keeps its name, its length, its prototype and its native look. */
function hook(owner: Holder | undefined, name: string, member: 'value' | 'set', adjust: Adjust): void {
  let holder = owner;
  // Functions of workers stand in the prototype of their global object.
  while (holder && !Object.hasOwn(holder, name)) holder = Object.getPrototypeOf(holder) as Holder | undefined;
  const descriptor = holder && Object.getOwnPropertyDescriptor(holder, name);
  const original = descriptor?.[member] as AnyFunction | undefined;
  if (holder === undefined || descriptor?.configurable !== true || typeof original !== 'function') return;
  const tryAdjust = (args: unknown[], self?: unknown) => {
    // What cannot be mapped is left to the browser to complain about.
    try {
      adjust(args, self);
    } catch {}
    return args;
  };
  const proxy = new Proxy(original, {
    apply: (target, self, args) => Reflect.apply(target, self, tryAdjust(args, self)),
    construct: (target, args, newTarget) => Reflect.construct(target, tryAdjust(args), newTarget) as object,
  });
  Object.defineProperty(holder, name, { ...descriptor, [member]: proxy });
}

/** Strings and URL objects are mapped; trusted types were when they were made, everything else is not ours to read. */
function mapValue(map: MapText, value: unknown): unknown {
  if (typeof value === 'string') return map(value);
  return value instanceof URL || value === (globalThis as { location?: unknown }).location ? map(String(value)) : value;
}

function adjustEach(kinds: string, maps: TextMaps): Adjust {
  return (args) => {
    for (let index = 0; index < args.length; index++) {
      const kind = kinds[Math.min(index, kinds.length - 1)] ?? '-';
      if (kind !== '-') args[index] = mapArgument(kind, args[index], maps);
    }
  };
}

function mapArgument(kind: string, value: unknown, maps: TextMaps): unknown {
  if (kind === 'a') return [...(value as Iterable<unknown>)].map((item) => mapValue(maps.u, item));
  if (kind === 'o') return mapMembers(value, maps);
  return mapValue(maps[kind as keyof TextMaps], value);
}

/** A copy of an object with the URLs in it mapped. */
function mapMembers(value: unknown, maps: TextMaps): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const copy: Holder = { ...value };
  for (const name of URL_MEMBERS) if (name in copy) copy[name] = mapValue(maps.u, copy[name]);
  return copy;
}

function createSpecials({ maps, fixForm }: HookTools): Readonly<Record<string, Adjust>> {
  const setAttribute = (args: unknown[], at: number, self: unknown) => {
    const kind = kindOfAttribute(String(args[at]), (self as ElementLike).localName);
    if (kind !== undefined) args[at + 1] = mapValue(maps[kind], args[at + 1]);
  };
  const isStyle = (node: unknown) => (node as ElementLike).localName === 'style';
  return {
    A: (args, self) => setAttribute(args, 0, self),
    N: (args, self) => setAttribute(args, 1, self),
    // The text of a style element.
    Y: (args, self) => {
      if (isStyle(self)) args[0] = mapValue(maps.c, args[0]);
    },
    S: (args, self) => {
      if (!isStyle(self)) return;
      for (const [index, child] of args.entries()) {
        args[index] = mapValue(maps.c, child);
        const text = child as { nodeType?: number; data: string };
        if (text?.nodeType === 3) text.data = maps.c(text.data);
      }
    },
    F: (_, self) => fixForm(self as ElementLike),
    // The path of a cookie is "/" unless it is given (Cookie Store API, "set a cookie").
    C: (args) => {
      const [first, value] = args;
      const options: Holder = typeof first === 'object' ? { ...first } : { name: first };
      if (args.length > 1) options['value'] = value;
      options['path'] = maps.p(String(options['path'] ?? '/'));
      if (!/^__host-/i.test(String(options['name']))) args.splice(0, 2, options);
    },
    // What a policy lets through is mapped before it is sealed.
    T: (args) => {
      const rules = { ...(args[1] as Holder) };
      for (const [name, map] of [['createHTML', maps.h] as const, ['createScriptURL', maps.u] as const]) {
        const rule = rules[name] as AnyFunction | undefined;
        if (rule) rules[name] = (...inputs: unknown[]) => mapValue(map, rule(...inputs));
      }
      args[1] = rules;
    },
  };
}
