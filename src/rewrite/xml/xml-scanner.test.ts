import { describe, test } from 'node:test';
import { appMap, checkInPieces, checkScanner } from '../../../test/kit/rewriting.ts';
import { CssScanner } from '../css/css-scanner.ts';
import { XmlScanner } from './xml-scanner.ts';

const xml = () => new XmlScanner(appMap, { css: new CssScanner(appMap) });

function rows(name: string, cases: [string, string?][]): void {
  describe(name, () => {
    for (const [input, expected = input] of cases) test(input, () => checkScanner(xml, input, expected));
  });
}

rows('any XML', [
  [
    '<r u="http://127.0.0.1:8080/x">http://127.0.0.1:8080/y</r>',
    '<r u="https://example.com/app/x">https://example.com/app/y</r>',
  ],
  ['<r href="/x" src=\'/y\'>/z</r>'],
  ['<r xmlns="http://127.0.0.1:8080/ns" xmlns:a=\'http://127.0.0.1:8080/a\'/>'],
  ['<r targetNamespace="http://127.0.0.1:8080/t" a:soapAction = "http://127.0.0.1:8080/s"/>'],
  [
    '<r xsi:schemaLocation="http://127.0.0.1:8080/ns http://127.0.0.1:8080/a.xsd"/>',
    '<r xsi:schemaLocation="http://127.0.0.1:8080/ns https://example.com/app/a.xsd"/>',
  ],
  [
    '<urlset><url><loc>http://127.0.0.1:8080</loc></url></urlset>',
    '<urlset><url><loc>https://example.com/app/</loc></url></urlset>',
  ],
  ['<c><base>http://127.0.0.1:8080</base></c>', '<c><base>https://example.com/app</base></c>'],
  ['<!DOCTYPE r SYSTEM "http://127.0.0.1:8080/r.dtd" [<!ENTITY x "http://127.0.0.1:8080/"> <!-- don\'t > -->]><r/>'],
  ['<?xml-stylesheet type="text/xsl" href="/s.xsl"?><r/>', '<?xml-stylesheet type="text/xsl" href="/app/s.xsl"?><r/>'],
  [
    '<?xml-stylesheet href=\'http://127.0.0.1:8080\' alternate="yes"?><r/>',
    '<?xml-stylesheet href=\'https://example.com/app/\' alternate="yes"?><r/>',
  ],
  ['<?php href="/x"?><r/>'],
  ['<!-- <r href="/x"> --><r/>'],
  [
    '<r><![CDATA[<a href="/x">http://127.0.0.1:8080/</a>]]></r>',
    '<r><![CDATA[<a href="/x">https://example.com/app/</a>]]></r>',
  ],
  ['no markup http://127.0.0.1:8080/', 'no markup https://example.com/app/'],
  ['<r', '<r'],
  ['<'],
  [''],
]);

rows('RSS and Atom', [
  [
    '<rss><link>/p</link><link>http://127.0.0.1:8080</link></rss>',
    '<rss><link>/app/p</link><link>https://example.com/app/</link></rss>',
  ],
  [
    '<rss><link><![CDATA[http://127.0.0.1:8080/p]]></link><link></link><link/>/x</rss>',
    '<rss><link><![CDATA[https://example.com/app/p]]></link><link></link><link/>/x</rss>',
  ],
  [
    '<rss><guid isPermaLink="false">http://127.0.0.1:8080/?p=1</guid><guid>http://127.0.0.1:8080/</guid></rss>',
    '<rss><guid isPermaLink="false">http://127.0.0.1:8080/?p=1</guid><guid>https://example.com/app/</guid></rss>',
  ],
  [
    '<rss><guid isPermaLink="false"><![CDATA[http://127.0.0.1:8080/]]></guid><enclosure url="/a.mp3"/></rss>',
    '<rss><guid isPermaLink="false"><![CDATA[http://127.0.0.1:8080/]]></guid><enclosure url="/app/a.mp3"/></rss>',
  ],
  ['<rss><description>&lt;a href="/x"&gt; /y</description></rss>'],
  [
    '<feed><id>http://127.0.0.1:8080/</id><link href="/a?b&amp;c"/><logo>/l</logo></feed>',
    '<feed><id>http://127.0.0.1:8080/</id><link href="/app/a?b&amp;c"/><logo>/app/l</logo></feed>',
  ],
  [
    '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:link href=" /x "/></a:feed>',
    '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:link href=" /app/x "/></a:feed>',
  ],
]);

rows('WebDAV', [
  [
    '<D:multistatus xmlns:D="DAV:"><D:href>/dav/%C3%A9</D:href><D:href>http://127.0.0.1:8080/d</D:href></D:multistatus>',
    '<D:multistatus xmlns:D="DAV:"><D:href>/app/dav/%C3%A9</D:href><D:href>https://example.com/app/d</D:href></D:multistatus>',
  ],
  [
    '<multistatus xmlns="DAV:"><href>\n /x\n</href><locktoken><href>opaquelocktoken:/x</href></locktoken></multistatus>',
    '<multistatus xmlns="DAV:"><href>\n /app/x\n</href><locktoken><href>opaquelocktoken:/x</href></locktoken></multistatus>',
  ],
  ['<multistatus><displayname>/x</displayname></multistatus>'],
]);

rows('SVG', [
  [
    '<svg><use href="#a"/><image xlink:href="/i.png"/></svg>',
    '<svg><use href="#a"/><image xlink:href="/app/i.png"/></svg>',
  ],
  [
    '<svg><rect fill="url(/g.svg#a)" style="mask:url(/m)" d="M/0"/></svg>',
    '<svg><rect fill="url(/app/g.svg#a)" style="mask:url(/app/m)" d="M/0"/></svg>',
  ],
  [
    '<svg><style><![CDATA[a{b:url(/c)}]]></style><style>d{e:url("/f")}</style></svg>',
    '<svg><style><![CDATA[a{b:url(/app/c)}]]></style><style>d{e:url("/app/f")}</style></svg>',
  ],
  [
    '<svg><script>location="/x"</script><a onclick="location=\'/y\'" href="/z"/></svg>',
    '<svg><script>location="/app/x"</script><a onclick="location=\'/app/y\'" href="/app/z"/></svg>',
  ],
  ['<svg><text>/x href="/y"</text><!-- href="/z" --></svg>'],
  ['<svg><image href="/a>b"/></svg>', '<svg><image href="/app/a>b"/></svg>'],
]);

rows('others', [
  [
    '<MPD><BaseURL>/v/</BaseURL><S media="/s-$Number$.m4s" schemeIdUri="http://127.0.0.1:8080/"/></MPD>',
    '<MPD><BaseURL>/app/v/</BaseURL><S media="/app/s-$Number$.m4s" schemeIdUri="http://127.0.0.1:8080/"/></MPD>',
  ],
  [
    '<wsdl:definitions targetNamespace="http://127.0.0.1:8080/t"><soap:address location="/ws"/><xsd:import schemaLocation="/x.xsd"/></wsdl:definitions>',
    '<wsdl:definitions targetNamespace="http://127.0.0.1:8080/t"><soap:address location="/app/ws"/><xsd:import schemaLocation="/app/x.xsd"/></wsdl:definitions>',
  ],
  [
    '<OpenSearchDescription><Url template="/s?q={x}"/><Image>/favicon.ico</Image></OpenSearchDescription>',
    '<OpenSearchDescription><Url template="/app/s?q={x}"/><Image>/app/favicon.ico</Image></OpenSearchDescription>',
  ],
  [
    '<xsl:stylesheet><xsl:import href="/x.xsl"/></xsl:stylesheet>',
    '<xsl:stylesheet><xsl:import href="/app/x.xsl"/></xsl:stylesheet>',
  ],
]);

describe('hostile input', { timeout: 600_000 }, () => {
  const long = 'x'.repeat(200_000);
  const inputs: [string, string, string][] = [
    [
      'a tag without end',
      `<svg><a b="${long} http://127.0.0.1:8080/ ${long}`,
      `<svg><a b="${long} https://example.com/app/ ${long}`,
    ],
    [
      'a document type without end',
      `<!DOCTYPE x [${long}<r u="http://127.0.0.1:8080/"/>`,
      `<!DOCTYPE x [${long}<r u="https://example.com/app/"/>`,
    ],
    [
      'a stylesheet without end',
      `<?xml-stylesheet ${long} http://127.0.0.1:8080/`,
      `<?xml-stylesheet ${long} https://example.com/app/`,
    ],
    ['a URL without end', `<rss><link>/${long}`, `<rss><link>/${long}`],
    ['only opening brackets', '<'.repeat(500_000), '<'.repeat(500_000)],
    ['only opening tags', '<svg '.repeat(100_000), '<svg '.repeat(100_000)],
    ['attributes without end', `<svg ${'a="'.repeat(100_000)}`, `<svg ${'a="'.repeat(100_000)}`],
    ['white space', `<svg ${' '.repeat(60_000)}href = "/x"/>`, `<svg ${' '.repeat(60_000)}href = "/app/x"/>`],
  ];
  for (const [name, input, expected] of inputs) test(name, () => checkInPieces(xml, input, expected));
});
