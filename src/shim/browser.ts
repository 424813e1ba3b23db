// The little of the browser that the shim touches by name; everything else it finds through its tables.

/** Any function. */
// biome-ignore lint/suspicious/noExplicitAny: what the shim wraps has all kinds of signatures
export type AnyFunction = (this: any, ...args: any[]) => any;

/** An object whose members are looked up by name. */
export type Holder = Record<string, unknown>;

/** An element, as far as the shim looks at one. */
export interface ElementLike {
  readonly localName: string;
  readonly dataset?: Readonly<Record<string, string | undefined>>;
  href?: unknown;
  getAttribute?(name: string): string | null;
  setAttribute(name: string, value: string): void;
  closest?(selector: string): unknown;
  prepend?(child: ElementLike): void;
  remove(): void;
}

/** The document of a page. */
export interface DocumentLike {
  readonly baseURI: string;
  readonly currentScript: ElementLike | null;
  readonly head: ElementLike | null;
  querySelector(selector: string): unknown;
  createElement(name: string): ElementLike;
}

/** A click, a submission, or another event with a way through the tree. */
export interface EventLike {
  readonly target: unknown;
  readonly submitter?: ElementLike | null;
  composedPath(): unknown[];
}

/** The `navigate` event of the Navigation API. */
export interface NavigateEventLike {
  readonly cancelable: boolean;
  readonly navigationType: string;
  readonly downloadRequest: string | null;
  readonly formData: unknown;
  readonly sourceElement?: ElementLike | null;
  readonly destination: { readonly url: string; readonly sameDocument: boolean };
  preventDefault(): void;
}

/** The global object of a page or a worker. */
export interface Realm extends Holder {
  readonly location: {
    readonly origin: string;
    readonly href: string;
    readonly pathname: string;
    readonly search: string;
    readonly hash: string;
    assign(url: string): void;
    replace(url: string): void;
  };
  /** Absent in workers. */
  readonly document?: DocumentLike;
  /** Absent in workers. */
  readonly Option?: new () => { readonly style: object };
  readonly history: { readonly state: unknown };
  readonly navigation?: {
    addEventListener(name: 'navigate', listener: (event: NavigateEventLike) => void): void;
  };
  addEventListener(name: string, listener: (event: EventLike) => void, isCapture?: boolean): void;
  setTimeout(task: () => void): void;
}
