// The table of what is hooked: every place where an application hands the browser a URL, or text with URLs in it.
import type { AnyFunction, ElementLike, Holder, Realm } from './browser.ts';
import { isHostOnly, kindOfAttribute, type MapText, type TextMaps } from './texts.ts';
import { defineProperty, getPrototypeOf, replaceMember } from './wrap.ts';

/**
 * Owners, names, and how arguments are mapped. An owner is an interface (`@Anchor` is HTMLAnchorElement), which stands for
 * itself and for its objects, or nothing for the global object; a name with a dot is a property that can be set. Names that
 * an owner does not have are passed over. Letters stand for arguments, in order: those of {@link TextMaps}, `o` for an
 * object with URLs in it, `a` for an array of URLs, `-` for what is not mapped; the last one counts for all that follow. A
 * capital letter is one of {@link createSpecials}.
 */
const TABLE =
  ' fetch,open,Request,WebSocket,EventSource,Worker,SharedWorker,WebTransport,Audio u-; importScripts u; FontFace -c-;' +
  ' Notification -o-;XMLHttpRequest open -u-;History pushState,replaceState --u-;' +
  'Navigation,WindowClient,Clients,Navigator,Worklet navigate,openWindow,sendBeacon,addModule u-;' +
  'ServiceWorkerContainer register,getRegistration uo-;ServiceWorkerRegistration showNotification -o-;' +
  'Cache add,match,put,delete u-;CacheStorage match u-;Cache addAll a;CookieStore set,delete C;' +
  'Document write,writeln,parseHTMLUnsafe h;Element,ShadowRoot setHTML,setHTMLUnsafe,.innerHTML,.outerHTML h-;' +
  'Element insertAdjacentHTML -h;Range createContextualFragment h;@IFrame .srcdoc h;Element setAttribute,setAttributeNS A;' +
  'CSSStyleSheet,CSSGroupingRule insertRule,replace,replaceSync c-;' +
  'CSSStyleDeclaration setProperty -c-;CSSStyleDeclaration .cssText c;' +
  'Node appendChild,insertBefore,.textContent S;Element append,prepend,replaceChildren S;' +
  '@Form submit F;TrustedTypePolicyFactory createPolicy T;' +
  '@Anchor,@Area,@Link,@Base,@Object,@Form,@Input,@Button,@Body .href,.data,.action,.formAction,.background u;' +
  '@Image,@Script,@IFrame,@Frame,@Media,@Source,@Track,@Embed,@Input .src u;@Video .poster u;' +
  '@Anchor,@Area .ping l;@Image,@Source,@Link .srcset,.imageSrcset s;SVGAnimatedString .baseVal u;Document .cookie k';

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
  for (const row of TABLE.split(';')) {
    const [owners, names, kinds] = row.split(' ') as [string, string, string];
    const adjust = specials[kinds] ?? adjustEach(kinds, tools.maps);
    for (const owner of owners.split(',')) {
      const holder = owner ? realm[owner.replace(/^@(.*)/, 'HTML$1Element')] : realm;
      // What a global object has for a prototype here is nothing.
      for (const place of [holder, (holder as Holder | undefined)?.['prototype']])
        for (const name of names.split(','))
          replaceMember(place as Holder | undefined, name.replace('.', ''), /\./.test(name) ? 'set' : 'value', adjust);
    }
  }
  hookStyles(realm);
}

/**
 * Where the properties of a style are no members of an interface, an accessor there sees them set all the same. It does
 * what CSSOM says of them (§6.6.1), by the methods that are hooked.
 */
function hookStyles(realm: Realm): void {
  // The interface has had three names; every document can make an option.
  const style = realm.Option && new realm.Option().style;
  for (const name of style ? STYLES.split(' ') : []) {
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
      defineProperty(getPrototypeOf(style), spelling, accessor);
  }
}

interface CSSStyle {
  getPropertyValue(name: string): string;
  setProperty(name: string, value: unknown): void;
}

/** Strings and URL objects are mapped; trusted types were when they were made, everything else is not ours to read. */
function mapValue(map: MapText, value: unknown): unknown {
  if (typeof value === 'string') return map(value);
  return value instanceof URL || value === (globalThis as { location?: unknown }).location ? map(String(value)) : value;
}

function adjustEach(kinds: string, maps: TextMaps): Adjust {
  return (args) => {
    args.forEach((value, index) => {
      const kind = (kinds[index] ?? kinds.at(-1)) as keyof TextMaps | 'a' | 'o' | '-';
      if (kind === 'a') args[index] = Array.from(value as Iterable<unknown>, (item) => mapValue(maps.u, item));
      else if (kind === 'o') args[index] = mapMembers(value as Holder, maps);
      else if (kind !== '-') args[index] = mapValue(maps[kind], value);
    });
  };
}

/** A copy of an object with the URLs in it mapped. */
function mapMembers(value: Holder, maps: TextMaps): Holder {
  const copy = { ...value };
  for (const name of URL_MEMBERS) if (name in copy) copy[name] = mapValue(maps.u, copy[name]);
  return copy;
}

function createSpecials({ maps, fixForm }: HookTools): Readonly<Record<string, Adjust>> {
  return {
    // An attribute: its name and its value stand last.
    A: (args, self) => {
      const last = args.length - 1;
      const kind = kindOfAttribute(String(args[last - 1]), (self as ElementLike).localName);
      if (kind) args[last] = mapValue(maps[kind], args[last]);
    },
    // The text of a style element, or nodes with it.
    S: (args, self) => {
      if ((self as ElementLike).localName !== 'style') return;
      (args as { nodeType?: number; data: string }[]).forEach((text, index) => {
        if (text?.nodeType === 3) text.data = maps.c(text.data);
        else args[index] = mapValue(maps.c, text);
      });
    },
    F: (_, self) => fixForm(self as ElementLike),
    // The path of a cookie is "/" unless it is given (Cookie Store API, "set a cookie").
    C: (args) => {
      const [first, value] = args;
      const options: Holder = typeof first === 'object' ? { ...first } : { name: first, value };
      options['path'] = maps.p(String(options['path'] ?? '/'));
      if (!isHostOnly(options['name'] as string)) args.splice(0, 2, options);
    },
    // What a policy lets through is mapped before it is sealed.
    T: (args) => {
      const rules = { ...(args[1] as Holder) };
      const seal = (name: string, map: MapText) => {
        const rule = rules[name] as AnyFunction | undefined;
        if (rule) rules[name] = (...inputs: unknown[]) => mapValue(map, rule(...inputs));
      };
      seal('createHTML', maps.h);
      seal('createScriptURL', maps.u);
      args[1] = rules;
    },
  };
}
