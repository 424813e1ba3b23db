// MB per CPU second of the HTML tokenizer alone, in pieces of 64 KiB: `node dist/bench/micro/rewrite-html/tokenizer.js`.
import { Tokenizer, TokenizerMode } from 'parse5';
import { HtmlTokenizer, type TokenReader } from '../../../src/rewrite/html/tokenizer.ts';
import { measure, PAGES } from './measure.ts';

let tokens = 0;
const counter: TokenReader = {
  text: () => void tokens++,
  rawText: () => void tokens++,
  startTag: () => void tokens++,
  endTag: () => void tokens++,
  otherMarkup: () => void tokens++,
  startTagPart: () => void tokens++,
  oversized: () => void tokens++,
};

const [wanted = ''] = process.argv.slice(2);
for (const [name, page] of Object.entries(PAGES)) {
  if (!name.includes(wanted)) continue;
  const text = page.toString('latin1');
  measure(`tokenizer, ${name}`, page, () => tokenize(page));
  measure(`parse5 tokenizer, ${name}`, page, () => tokenizeWithParse5(text));
}

function tokenize(page: Buffer): number {
  const tokenizer = new HtmlTokenizer(counter);
  let window: Buffer = Buffer.alloc(0);
  for (let from = 0; from < page.length; from += 65536) {
    const chunk = page.subarray(from, from + 65536);
    window = window.length === 0 ? chunk : Buffer.concat([window, chunk]);
    tokenizer.scan(window, from + 65536 >= page.length);
    const drop = tokenizer.heldFrom;
    tokenizer.dropFront(drop);
    window = window.subarray(drop);
  }
  return tokens;
}

/** The same tokens as strings, on a text that is decoded already, without the feedback of a tree. */
function tokenizeWithParse5(text: string): number {
  let count = 0;
  const onToken = () => void count++;
  const tokenizer = new Tokenizer(
    { sourceCodeLocationInfo: false },
    {
      onComment: onToken,
      onDoctype: onToken,
      onStartTag(token) {
        count++;
        if (token.tagName === 'script') tokenizer.state = TokenizerMode.SCRIPT_DATA;
        else if (token.tagName === 'style') tokenizer.state = TokenizerMode.RAWTEXT;
        else if (token.tagName === 'textarea' || token.tagName === 'title') tokenizer.state = TokenizerMode.RCDATA;
      },
      onEndTag: onToken,
      onEof: onToken,
      onCharacter: onToken,
      onNullCharacter: onToken,
      onWhitespaceCharacter: onToken,
    },
  );
  tokenizer.write(text, true);
  return count;
}
