// Finds files with their precompressed siblings, and reads them: small ones into memory, large ones as they are sent.
import type { FileHandle } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import { type Body, bytesBody } from '../../exchange/body.ts';
import { contentTypeOf, extensionOf } from '../../http/mime.ts';
import type { Clock } from '../../util/clock.ts';
import { type CacheRule, cacheControlFor } from './cache-control.ts';
import { type BodyPart, FileBody } from './file-body.ts';
import { type FileFacts, isSameVersion, isUnsettled, toFacts } from './file-facts.ts';
import type { Content } from './file-reply.ts';
import { CODING_SUFFIXES, type FileCoding } from './options.ts';
import type { Ready } from './ready.ts';
import { describeFile, type FileLook, isSameLook, type Representation } from './representation.ts';
import type { OpenedFile, RootFolder } from './root-folder.ts';

/** A file that can be sent for a name: the file itself, or a sibling that holds it in a content coding. */
export interface Variant {
  /** Where it is, below the root. */
  readonly name: string;
  readonly look: FileLook;
  readonly facts: FileFacts;
}

/** What is there under a name. */
export interface Found {
  readonly kind: 'file' | 'folder';
  /** The file itself first, then its siblings, best coding first. Empty for a folder. */
  readonly variants: readonly Variant[];
  readonly checkedAtMs: number;
}

/** A representation and where its bytes come from. */
export interface ReadableFile {
  readonly representation: Representation;
  readonly content: Content;
}

/** A small file in memory. */
export interface LoadedFile {
  readonly representation: Representation;
  readonly bytes: Buffer;
}

/** Small files in memory, bounded in bytes; mounts may share one. */
export type FileMemory = LRUCache<string, LoadedFile>;

/** How files of one mount are looked for and described. */
export interface StoreSettings {
  readonly codings: readonly FileCoding[];
  readonly cacheRules: readonly CacheRule[];
  /** Content types by extension (lower case, no dot) that win over the built-in table. */
  readonly types: ReadonlyMap<string, string>;
}

/** The resources a store reads with. */
export interface StoreResources {
  readonly clock: Clock;
  /** Undefined if nothing is kept in memory. */
  readonly memory: FileMemory | undefined;
}

/** How long a look at the disk is believed: the longest that a change of a file goes unnoticed. */
const FRESH_MS = 500;
/** How many looks are remembered; some hundred bytes each. */
const MAX_LOOKS = 4096;
/** Larger files are read anew for everybody: the operating system's cache does that well. */
export const MAX_LOADED_BYTES = 256 * 1024;
/** What an entry costs besides its bytes. */
const ENTRY_BYTES = 1024;
/** A sibling may be this much older than its file and still be made from it: copying does not keep the order. */
const SIBLING_SLACK_NS = 1_000_000_000n;

/** Makes the memory for {@link FileStore}. */
export function createFileMemory(maxBytes: number): FileMemory {
  return new LRUCache({ maxSize: maxBytes, sizeCalculation: ({ bytes }) => bytes.length + ENTRY_BYTES });
}

/** The files of one mount. All names are below the root and have been checked by `parseRequestedName`. */
export class FileStore {
  readonly #root: RootFolder;
  readonly #settings: StoreSettings;
  readonly #resources: StoreResources;
  readonly #looks = new LRUCache<string, Found>({ max: MAX_LOOKS });
  /** Loads under way, so that many requests for one new file read it once. */
  readonly #loads = new Map<string, Promise<LoadedFile | 'grown' | undefined>>();

  constructor(root: RootFolder, settings: StoreSettings, resources: StoreResources) {
    this.#root = root;
    this.#settings = settings;
    this.#resources = resources;
  }

  /** What is there under `name`, or undefined; at once if somebody looked just now. Nothing is remembered of what is missing. */
  find(name: string): Ready<Found | undefined> {
    const known = this.#looks.get(name);
    if (known !== undefined && this.#resources.clock.now() - known.checkedAtMs < FRESH_MS) return known;
    return this.#look(name);
  }

  /** A variant ready to be sent, or undefined if it is gone or lies outside of the root. The caller uses up its content. */
  read(variant: Variant): Ready<ReadableFile | undefined> {
    const { memory } = this.#resources;
    if (memory === undefined || variant.facts.size > MAX_LOADED_BYTES) return this.#openForReading(variant);
    const loaded = memory.get(this.#keyOf(variant));
    if (loaded !== undefined && isUsable(loaded.representation, variant)) return fromMemory(loaded);
    return this.#loadOnce(variant, memory);
  }

  async #look(name: string): Promise<Found | undefined> {
    const facts = await this.#root.look(name);
    if (facts === undefined || facts.kind === 'other') return undefined;
    const checkedAtMs = this.#resources.clock.now();
    const variants = facts.kind === 'file' ? await this.#lookForVariants(name, facts) : [];
    const found = { kind: facts.kind, variants, checkedAtMs };
    this.#looks.set(name, found);
    return found;
  }

  async #lookForVariants(name: string, facts: FileFacts): Promise<Variant[]> {
    const { codings } = this.#settings;
    const siblings = await Promise.all(codings.map((coding) => this.#root.look(name + CODING_SUFFIXES[coding])));
    const usable = codings.flatMap((coding, index) => {
      const sibling = siblings[index];
      return sibling !== undefined && isSiblingOf(sibling, facts) ? [{ coding, facts: sibling }] : [];
    });
    const look = {
      contentType: this.#settings.types.get(extensionOf(name)) ?? contentTypeOf(name),
      cacheControl: cacheControlFor(name, this.#settings.cacheRules),
      // RFC 9110 §12.5.5: once the choice depends on the header, every answer says so, the plain one too.
      vary: usable.length > 0 ? 'Accept-Encoding' : '',
    };
    const variants: Variant[] = [{ name, facts, look: { ...look, coding: 'identity' } }];
    for (const sibling of usable) {
      const siblingName = name + CODING_SUFFIXES[sibling.coding];
      variants.push({ name: siblingName, facts: sibling.facts, look: { ...look, coding: sibling.coding } });
    }
    return variants;
  }

  async #openForReading({ name, look }: Variant): Promise<ReadableFile | undefined> {
    const opened = await this.#openFile(name);
    if (opened === undefined) return undefined;
    const { facts, handle } = opened;
    const epochMs = this.#resources.clock.epochMs();
    const representation = describeFile(facts, look, !isUnsettled(facts, epochMs), epochMs);
    return { representation, content: new FileContent(handle) };
  }

  async #loadOnce(variant: Variant, memory: FileMemory): Promise<ReadableFile | undefined> {
    const key = this.#keyOf(variant);
    let load = this.#loads.get(key);
    if (load === undefined) {
      load = this.#load(variant, key, memory).finally(() => this.#loads.delete(key));
      this.#loads.set(key, load);
    }
    const loaded = await load;
    if (loaded === 'grown') return this.#openForReading(variant);
    return loaded === undefined ? undefined : fromMemory(loaded);
  }

  /** Reads a small file whole, and keeps it if it stood still meanwhile. `grown` if it is no longer small. */
  async #load({ name, look }: Variant, key: string, memory: FileMemory): Promise<LoadedFile | 'grown' | undefined> {
    const opened = await this.#openFile(name);
    if (opened === undefined) return undefined;
    const { facts, handle } = opened;
    try {
      if (facts.size > MAX_LOADED_BYTES) return 'grown';
      const bytes = await readWhole(handle, facts.size);
      const after = toFacts(await handle.stat({ bigint: true }));
      const epochMs = this.#resources.clock.epochMs();
      const isSettled = isSameVersion(facts, after) && bytes.length === facts.size && !isUnsettled(facts, epochMs);
      const representation = describeFile({ ...facts, size: bytes.length }, look, isSettled, epochMs);
      const loaded = { representation, bytes };
      if (isSettled) memory.set(key, loaded);
      return loaded;
    } finally {
      await handle.close();
    }
  }

  async #openFile(name: string): Promise<OpenedFile | undefined> {
    const opened = await this.#root.open(name);
    if (opened === undefined || opened.facts.kind === 'file') return opened;
    await opened.handle.close();
    return undefined;
  }

  #keyOf(variant: Variant): string {
    return `${this.#root.path}\0${variant.name}`;
  }
}

/** The bytes of a file in memory. */
class MemoryContent implements Content {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(parts: readonly BodyPart[]): Body {
    const chunks = parts.map((part) =>
      Buffer.isBuffer(part) ? part : this.#bytes.subarray(part.first, part.last + 1),
    );
    const [only] = chunks;
    return bytesBody(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
  }

  drop(): void {}
}

/** The bytes of an open file. */
class FileContent implements Content {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  take(parts: readonly BodyPart[]): Body {
    return new FileBody(this.#handle, parts);
  }

  /** Nobody waits for it: after a read-only open there is nothing that a close could still lose. */
  drop(): void {
    this.#handle.close().catch(() => {});
  }
}

function fromMemory({ representation, bytes }: LoadedFile): ReadableFile {
  return { representation, content: new MemoryContent(bytes) };
}

function isUsable(representation: Representation, variant: Variant): boolean {
  return isSameVersion(representation.facts, variant.facts) && isSameLook(representation.look, variant.look);
}

function isSiblingOf(sibling: FileFacts, file: FileFacts): boolean {
  return sibling.kind === 'file' && sibling.modifiedNs + SIBLING_SLACK_NS >= file.modifiedNs;
}

/** Up to `size` bytes from the start; fewer if the file became shorter. */
async function readWhole(handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
