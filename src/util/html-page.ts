// HTML pages that the program writes itself.

/** What stands in a page. */
export interface HtmlPage {
  /** Plain text. */
  readonly title: string;
  /** CSS. */
  readonly style: string;
  /** Markup: texts in it are escaped already. */
  readonly body: string;
}

/** The page as a document. */
export function printHtmlPage({ title, style, body }: HtmlPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

/** Text as it stands in the content of an element or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => REFERENCES[character] ?? character);
}

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
