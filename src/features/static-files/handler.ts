// Answers requests from a folder: from the name in the path to the file, its folder, the fallback, or an error.
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { emptyBody } from '../../exchange/body.ts';
import { ProxyError } from '../../exchange/errors.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FeatureContext, FeatureInstance } from '../../exchange/feature.ts';
import type { Reply } from '../../exchange/handler.ts';
import { isSubtree, plainPath } from '../../exchange/public-path.ts';
import { HeaderList } from '../../http/header-list.ts';
import { extensionOf } from '../../http/mime.ts';
import { namesMediaType, preferEncoding } from '../../http/negotiation.ts';
import { reasonPhrase } from '../../http/status.ts';
import { stripSegments } from '../../http/target.ts';
import type { Clock } from '../../util/clock.ts';
import { answerWithFile } from './file-reply.ts';
import { createFileMemory, FileStore, type Found, type Variant } from './file-store.ts';
import { answerWithListing, redirectToFolder } from './folder-reply.ts';
import type { FilesOptions } from './options.ts';
import { type Ready, whenReady } from './ready.ts';
import { isHiddenName, parseRequestedName, type RequestedName } from './requested-name.ts';
import { RootFolder } from './root-folder.ts';

const ALLOWED = [['Allow', 'GET, HEAD, OPTIONS']] as const;
/** More entries than this make a page that nobody reads. */
const MAX_LISTED = 5000;
/** What a script, style or image ends in; `/v1.2` and `/john.d` are no such names, but `/a.js` is. */
const ASSET_EXTENSION = /^[a-z][a-z0-9]{1,9}$/;

/** Makes the handler of one mount. Throws an Error for the operator if the root is not what the mount needs. */
export async function createFiles(options: FilesOptions, context: FeatureContext): Promise<FeatureInstance> {
  const rootPath = resolve(context.baseDir, options.root);
  const { path: mountPath } = context.mount;
  const isFile = await isSingleFile(rootPath, mountPath);
  const root = isFile ? parentOf(rootPath, context.clock) : new RootFolder(rootPath, context.clock);
  const { memory: memoryBytes } = options;
  const memory =
    memoryBytes === 0
      ? undefined
      : context.share(`static-files/memory/${memoryBytes}`, () => createFileMemory(memoryBytes));
  const settings = { codings: options.precompressed, cacheRules: options.cache, types: options.types };
  const store = new FileStore(root, settings, { clock: context.clock, memory });
  const server = new FileServer(options, root, store, mountPath, context.clock);
  if (!isFile)
    return { handle: (exchange) => server.answer(exchange), explain: () => explainFolder(rootPath, options) };
  const single = { name: basename(rootPath), isFolder: false };
  return {
    handle: (exchange) => server.answer(exchange, single),
    explain: () => [`answers with the file ${rootPath}`],
  };
}

/** One mount at work. */
class FileServer {
  readonly #options: FilesOptions;
  readonly #root: RootFolder;
  readonly #store: FileStore;
  readonly #clock: Clock;
  readonly #nameRules: { hidden: boolean; isWindows: boolean };
  readonly #mountSegments: number;

  constructor(options: FilesOptions, root: RootFolder, store: FileStore, mountPath: string, clock: Clock) {
    this.#options = options;
    this.#root = root;
    this.#store = store;
    this.#clock = clock;
    this.#nameRules = { hidden: options.hidden, isWindows: process.platform === 'win32' };
    this.#mountSegments = plainPath(mountPath)
      .split('/')
      .filter((segment) => segment !== '').length;
  }

  /** Answers with what the path names, or with `fixed`. */
  answer(exchange: Exchange, fixed?: RequestedName): Ready<Reply> {
    const { method, target } = exchange.request;
    if (method === 'OPTIONS') return answerOptions();
    // RFC 9110 §15.5.6: a 405 says what is allowed.
    if (method !== 'GET' && method !== 'HEAD') throw new ProxyError('method_not_allowed', '', { headers: ALLOWED });
    const remainder = stripSegments(target.path, this.#mountSegments);
    const requested = fixed ?? parseRequestedName(remainder, this.#nameRules);
    if (requested === undefined || this.#isExcluded(requested.name))
      throw new ProxyError('not_found', 'no file may have this name');
    if (requested.isFolder) return this.#answerFolder(exchange, requested, 0);
    return whenReady(this.#store.find(requested.name), (found) => {
      if (found?.kind === 'file') return this.#send(exchange, found);
      return found === undefined ? this.#answerMissing(exchange, requested) : this.#redirect(exchange, requested);
    });
  }

  /** Looks for the index files of a folder from `position` on. */
  #answerFolder(exchange: Exchange, folder: RequestedName, position: number): Ready<Reply> {
    const index = this.#options.index[position];
    if (index === undefined)
      return this.#options.list ? this.#list(exchange, folder) : this.#answerMissing(exchange, folder);
    if (this.#isExcluded(index)) return this.#answerFolder(exchange, folder, position + 1);
    return whenReady(this.#store.find(join(folder.name, index)), (found) =>
      found?.kind === 'file' ? this.#send(exchange, found) : this.#answerFolder(exchange, folder, position + 1),
    );
  }

  #isExcluded(name: string): boolean {
    const { exclude } = this.#options;
    return exclude.length > 0 && exclude.some((ending) => name.toLowerCase().endsWith(ending));
  }

  async #redirect(exchange: Exchange, folder: RequestedName): Promise<Reply> {
    // A link that leads out of the root is not even confirmed to exist.
    if (!(await this.#root.hasFolder(folder.name))) throw new ProxyError('not_found', 'a folder outside of the root');
    return redirectToFolder(exchange);
  }

  async #list(exchange: Exchange, folder: RequestedName): Promise<Reply> {
    const { hidden } = this.#options;
    const isListed = (name: string) => (hidden || !isHiddenName(name)) && !this.#isExcluded(name);
    const content = await this.#root.list(folder.name, MAX_LISTED, isListed);
    if (content === undefined) return this.#answerMissing(exchange, folder);
    const path = decodePath(exchange.request.target.path);
    return answerWithListing(exchange, { path, hasParent: folder.name !== '', ...content });
  }

  #answerMissing(exchange: Exchange, requested: RequestedName): Ready<Reply> {
    const { fallback } = this.#options;
    if (
      fallback === undefined ||
      this.#isExcluded(fallback.file) ||
      !isNavigation(exchange) ||
      (isAsset(requested) && !fallback.extensions)
    )
      throw new ProxyError('not_found', 'no such file');
    return whenReady(this.#store.find(fallback.file), (found) => {
      if (found?.kind !== 'file') throw new ProxyError('not_found', 'the fallback file is missing');
      return whenReady(this.#send(exchange, found), markAsFallback);
    });
  }

  #send(exchange: Exchange, found: Found): Ready<Reply> {
    const [plain, ...siblings] = found.variants;
    if (plain === undefined) throw new ProxyError('not_found', 'no such file');
    if (siblings.length === 0) return this.#sendVariant(exchange, plain, undefined);
    const offers = siblings.map(({ look }) => look.coding);
    const coding = preferEncoding(exchange.request.headers.getJoined('accept-encoding'), offers);
    const sibling = siblings.find(({ look }) => look.coding === coding);
    return this.#sendVariant(exchange, sibling ?? plain, sibling === undefined ? undefined : plain);
  }

  /** Sends `variant`, or `otherwise` if that cannot be opened (a sibling that is a link out of the root). */
  #sendVariant(exchange: Exchange, variant: Variant, otherwise: Variant | undefined): Ready<Reply> {
    return whenReady(this.#store.read(variant), (file) => {
      if (file === undefined) {
        if (otherwise !== undefined) return this.#sendVariant(exchange, otherwise, undefined);
        throw new ProxyError('not_found', 'gone meanwhile, or a link out of the root');
      }
      if (exchange.aborted !== undefined) {
        file.content.drop();
        throw exchange.aborted;
      }
      return answerWithFile(exchange, file.representation, file.content, this.#clock.epochMs());
    });
  }
}

/** RFC 9110 §9.3.7. */
function answerOptions(): Reply {
  return { head: { status: 204, reason: reasonPhrase(204), headers: HeaderList.from(ALLOWED) }, body: emptyBody };
}

/** Whether a browser loads a document: it then names text/html, which scripts, styles, images and fetches do not. */
function isNavigation(exchange: Exchange): boolean {
  return namesMediaType(exchange.request.headers.getJoined('accept'), 'text/html');
}

function isAsset({ name, isFolder }: RequestedName): boolean {
  return !isFolder && ASSET_EXTENSION.test(extensionOf(name));
}

/** Who sends another Accept gets 404 at the same path; and an old page would name scripts that are gone. */
function markAsFallback(reply: Reply): Reply {
  const headers = reply.head.headers.toMutable();
  const vary = headers.get('vary');
  headers.set('Vary', vary === undefined ? 'Accept' : `Accept, ${vary}`);
  if (!headers.has('cache-control')) headers.append('Cache-Control', 'no-cache');
  return { ...reply, head: { ...reply.head, headers } };
}

/** Whether the root is one file. The mount decides what it has to be. */
async function isSingleFile(rootPath: string, mountPath: string): Promise<boolean> {
  const stats = await stat(rootPath).catch((error: Error) => {
    throw new Error(`files: cannot serve ${rootPath}: ${error.message}`, { cause: error });
  });
  if (isSubtree(mountPath)) {
    if (stats.isDirectory()) return false;
    throw new Error(
      `files: ${rootPath} is not a folder; to serve one file, write the mount without a slash at its end`,
    );
  }
  if (stats.isFile()) return true;
  throw new Error(
    `files: ${mountPath} is exactly one path and needs a file, but ${rootPath} is none; for a folder write ${plainPath(mountPath).replace(/\/?$/, '/')}`,
  );
}

/** The folder around a file that the operator named: where that one's links lead is the operator's business. */
function parentOf(filePath: string, clock: Clock): RootFolder {
  const parent = dirname(filePath);
  return new RootFolder(parent, clock, () => realpath(parent));
}

function explainFolder(rootPath: string, { index, fallback, list }: FilesOptions): string[] {
  const lines = [`answers with files below ${rootPath}`];
  if (index.length > 0) lines.push(`a folder is answered with its ${index.join(' or ')}`);
  if (list) lines.push('a folder without such a file shows its content');
  if (fallback !== undefined) lines.push(`documents that do not exist are answered with ${fallback.file}`);
  return lines;
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** For people to read: an address that is no text stays as it is. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
