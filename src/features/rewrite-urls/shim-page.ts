// How the shim gets into the pages of one received head: what its policies need, and what goes into the document where.
import type { HeaderList, ReadonlyHeaderList } from '../../http/header-list.ts';
import {
  admitScript,
  allowsOwnBase,
  letScriptsIn,
  runsScripts,
  scriptNonce,
} from '../../http/headers/content-security-policy.ts';
import { printOrigin } from '../../rewrite/base-url.ts';
import type { HtmlFindings } from '../../rewrite/html/findings.ts';
import type { HeadInsertion, ScriptPlace } from '../../rewrite/html/head-insertion.ts';
import type { UrlMap } from '../../rewrite/url-map.ts';
import type { ImportMap } from './import-map.ts';
import type { ShimScript } from './shim-script.ts';

/** What a view has for its pages. */
export interface ShimParts {
  readonly script: ShimScript;
  /** Undefined where module specifiers need none. */
  readonly importMap: ImportMap | undefined;
  readonly spa: 'auto' | 'on' | 'off';
}

const POLICY_HEADERS = ['content-security-policy', 'content-security-policy-report-only'];
/** Written into an attribute as it is. */
const PLAIN_NONCE = /^[A-Za-z0-9+/_=-]+$/;

/** Immutable, for all pages with one head. */
export class ShimPage {
  readonly parts: ShimParts;
  readonly map: UrlMap;
  /** The policies of the head, before anything was added. */
  readonly policies: string;
  readonly nonce: string | undefined;
  /** Whether a script in the page that is not ours alone runs: one whose text is not known beforehand. */
  readonly isInlineAllowed: boolean;
  readonly #needsHash: boolean;

  /** `headers`: those of the answer, mapped. */
  constructor(parts: ShimParts, map: UrlMap, headers: ReadonlyHeaderList) {
    this.parts = parts;
    this.map = map;
    this.policies = headers.getJoined('content-security-policy') ?? '';
    const nonce = scriptNonce(this.policies) ?? scriptNonce(headers.getJoined(POLICY_HEADERS[1] ?? '') ?? '');
    this.nonce = nonce !== undefined && PLAIN_NONCE.test(nonce) ? nonce : undefined;
    const { external, inline } = this.admit(this.policies, this.nonce);
    this.isInlineAllowed = inline;
    this.#needsHash = !external;
  }

  /** Whether scripts run in these pages at all. */
  get hasScripts(): boolean {
    return runsScripts(this.policies);
  }

  /** Changes the policies of a head in place so that they let in what is inserted. */
  adaptHeaders(headers: HeaderList): void {
    const { script, importMap } = this.parts;
    const sources = {
      url: printOrigin(this.map.public) + script.path,
      hash: `'${script.integrity}'`,
      inlineHash: importMap && `'${importMap.integrity}'`,
    };
    const letIn = (value: string) => letScriptsIn(value, this.map.public, script.path, this.nonce, sources);
    for (const name of POLICY_HEADERS) headers.mapValues(name, letIn);
  }

  /** What these policies let in. */
  admit(policies: string, nonce: string | undefined): ReturnType<typeof admitScript> {
    return admitScript(policies, this.map.public, this.parts.script.path, nonce);
  }

  /** Whether a base element for the page's own URL is let in by `policies` and those of the head. */
  mayHaveBase(policies: readonly string[]): boolean {
    const { path } = this.parts.script;
    return [this.policies, ...policies].every((policy) => allowsOwnBase(policy, this.map.public, path));
  }

  /** The shim's tag. */
  tag(nonce: string | undefined, spa?: 'on' | 'off'): string {
    const { path, integrity } = this.parts.script;
    const attributes = [
      ` src="${path}"`,
      nonce === undefined ? '' : ` nonce="${nonce}"`,
      this.#needsHash ? ` integrity="${integrity}"` : '',
      spa === undefined ? '' : ` data-spa="${spa}"`,
    ];
    return `<script${attributes.join('')}></script>`;
  }

  /** A new insertion for one document. */
  insertion(): HeadInsertion {
    return new ShimInsertion(this);
  }
}

/** Serves one document. */
class ShimInsertion implements HeadInsertion {
  readonly #page: ShimPage;
  /** Held back until it is known whether the document has one of its own: Firefox takes only one. */
  #holdsImportMap: boolean;
  #window: 'undecided' | 'on' | 'off';

  constructor(page: ShimPage) {
    this.#page = page;
    this.#holdsImportMap = page.parts.importMap !== undefined;
    this.#window = page.parts.spa === 'auto' ? 'undecided' : page.parts.spa;
  }

  atHeadStart(): string {
    const opens = this.#window === 'on' && this.#page.mayHaveBase([]);
    return this.#page.tag(this.#page.nonce, opens ? 'on' : undefined);
  }

  beforeScript(place: ScriptPlace, findings: HtmlFindings): string {
    return this.#importMapBefore(place, findings) + this.#windowBefore(place, findings);
  }

  atHeadEnd(findings: HtmlFindings): string {
    return this.#takeImportMap(findings);
  }

  mergeImportMap(text: string): string {
    this.#holdsImportMap = false;
    return this.#page.isInlineAllowed ? (this.#page.parts.importMap?.mergeInto(text) ?? text) : text;
  }

  #importMapBefore({ kind }: ScriptPlace, findings: HtmlFindings): string {
    return kind === 'module' || kind === 'module-preload' ? this.#takeImportMap(findings) : '';
  }

  #takeImportMap(findings: HtmlFindings): string {
    const { importMap } = this.#page.parts;
    if (!this.#holdsImportMap || importMap === undefined) return '';
    this.#holdsImportMap = false;
    const nonce = this.#nonceFor(findings);
    if (!this.#page.admit(findings.policies.join(), nonce).inline) return '';
    return `<script type="importmap"${nonce === undefined ? '' : ` nonce="${nonce}"`}>${importMap.text}</script>`;
  }

  /**
   * The rule of evidence: an application that writes the URLs of its scripts from the root, and none relative to the
   * page, believes that it lives at the root. One that knows its prefix, or finds it out, does not.
   */
  #windowBefore({ kind, form }: ScriptPlace, findings: HtmlFindings): string {
    if (this.#page.parts.spa !== 'auto' || this.#window === 'off' || kind === 'import-map') return '';
    const isRooted = form === 'rooted' || form === 'absolute';
    const isOther = form === 'relative' || form === 'public';
    if (!isOther && !(isRooted && this.#window === 'undecided')) return '';
    const wasOn = this.#window === 'on';
    const nonce = this.#nonceFor(findings);
    const { policies } = findings;
    const isLetIn = this.#page.mayHaveBase(policies) && this.#page.admit(policies.join(), nonce).external;
    this.#window = isRooted && isLetIn ? 'on' : 'off';
    return wasOn === (this.#window === 'on') ? '' : this.#page.tag(nonce, this.#window);
  }

  #nonceFor(findings: HtmlFindings): string | undefined {
    const nonce = this.#page.nonce ?? findings.nonce;
    return nonce !== undefined && PLAIN_NONCE.test(nonce) ? nonce : undefined;
  }
}
