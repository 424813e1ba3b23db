// Which site a host name belongs to: the exact name, else the longest wildcard, else the default.

/** A name that a site answers to. `*` is any name; `*.example.net` is any name with labels in front of it. */
export interface HostName {
  /** Lower case, without trailing dot. */
  readonly host: string;
  /** The only port the name matches on, or undefined for every port. */
  readonly port: number | undefined;
}

/** Immutable lookup from host names to values. A name with a port goes before the same name without one. */
export class HostTable<T> {
  readonly #exact = new Map<string, T>();
  /** By what stands behind the star, such as `.example.net`. */
  readonly #wildcards = new Map<string, T>();
  /** By the port as in the other keys: the values of `*`. */
  readonly #any = new Map<string, T>();
  readonly #hasPorts: boolean;

  constructor(entries: Iterable<readonly [HostName, T]>) {
    let hasPorts = false;
    for (const [{ host, port }, value] of entries) {
      const suffix = port === undefined ? '' : `:${port}`;
      hasPorts ||= port !== undefined;
      if (host === '*') this.#any.set(suffix, value);
      else if (host.startsWith('*.')) this.#wildcards.set(host.slice(1) + suffix, value);
      else this.#exact.set(host + suffix, value);
    }
    this.#hasPorts = hasPorts;
  }

  /** The value for `host` (lower case, without trailing dot; empty for none) asked for on `port`. */
  find(host: string, port: number): T | undefined {
    const suffix = this.#hasPorts ? `:${port}` : '';
    return this.#findExact(host, suffix) ?? this.#findWildcard(host, suffix) ?? this.#findAny(suffix);
  }

  #findExact(host: string, suffix: string): T | undefined {
    const value = suffix === '' ? undefined : this.#exact.get(host + suffix);
    return value ?? this.#exact.get(host);
  }

  /** Longest first: `.b.example.net`, `.example.net`, `.net`. */
  #findWildcard(host: string, suffix: string): T | undefined {
    if (this.#wildcards.size === 0) return undefined;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const tail = host.slice(dot);
      const value = this.#wildcards.get(tail + suffix) ?? this.#wildcards.get(tail);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  #findAny(suffix: string): T | undefined {
    return this.#any.get(suffix) ?? this.#any.get('');
  }
}
