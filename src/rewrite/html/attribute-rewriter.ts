// Rewrites the attributes of one tag after the other: what each holds is told by the table, and by the element it is on.

import type { CssScanner } from '../css/css-scanner.ts';
import type { Scanner } from '../scanner.ts';
import { TextScanner } from '../text/text-scanner.ts';
import { resolveValue, scanResolved } from './attribute-value.ts';
import { ATTRIBUTE, ATTRIBUTES, KIND, KIND_OF } from './attributes.ts';
import { CLASS, LETTER, LOWER, readLatin1 } from './bytes.ts';
import { mapPolicy } from './content-security-policy.ts';
import { ELEMENT } from './elements.ts';
import { isUrlParam, readMetaContent } from './meta.ts';
import type { Stage } from './stage.ts';
import { ATTRIBUTE_STRIDE, type Tag } from './tokenizer.ts';
import { findRefreshUrl, findSpacedUrls, findSrcsetUrls, findUriParameters, type Span } from './url-spans.ts';
import { UrlValue } from './url-value.ts';

/** Makes the scanners for the languages that attributes hold, each for values of its own. */
export interface AttributeLanguages {
  readonly css: CssScanner;
  /** Event handlers and `javascript:` URLs. */
  makeScript(): Scanner;
  /** The document of a `srcdoc`; undefined where nesting goes too deep. */
  makeDocument(): Scanner | undefined;
}
