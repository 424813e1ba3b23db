// Tells which server a configuration file is for, by what is in it; names of files say little (`default`, `site.conf`).
import { basename, extname } from 'node:path';
import { importApache } from './apache/import.ts';
import type { ForeignLanguage, Importer } from './importer.ts';
import { importLighttpd } from './lighttpd/import.ts';
import { importNginx } from './nginx/import.ts';

/** All importers. */
export const IMPORTERS: Readonly<Record<ForeignLanguage, Importer>> = {
  lighttpd: importLighttpd,
  apache: importApache,
  nginx: importNginx,
};

/** Endings of our own documents: never foreign, whatever they hold. */
const OWN_ENDINGS = new Set(['.yaml', '.yml', '.json', '.ts', '.mts', '.js', '.mjs']);
/** More than this need not be looked at. */
const LOOK_AT_CHARACTERS = 256 * 1024;

/** Lines that only one of the languages has. */
const SIGNS: Readonly<Record<ForeignLanguage, readonly RegExp[]>> = {
  lighttpd: [
    /^\s*(?:(?:else|if)\s+)*\$(?:HTTP|SERVER|REQUEST_HEADER)\s*\[/gm,
    /^\s*[a-z][\w-]*(?:\.[\w-]+)+\s*(?:\+=|:=|=)(?!=)/gm,
    /^\s*include(?:_shell)?\s+["'][^"'\n]*["']\s*$/gm,
  ],
  apache: [
    /^\s*<\/?(?:VirtualHost|Directory|DirectoryMatch|Location|LocationMatch|Files|FilesMatch|Proxy|IfModule|IfDefine|Macro)\b/gim,
    /^\s*(?:ServerName|ServerAlias|ServerRoot|DocumentRoot|LoadModule|ProxyPass\w*|Listen|IncludeOptional|RewriteRule|RewriteCond|RewriteEngine|Require|ErrorLog|CustomLog|Alias|SSL\w+|Header|RequestHeader)\s+\S[^;{]*$/gim,
  ],
  nginx: [
    /^\s*(?:http|server|events|stream|mail|upstream\s+\S+|location\s+[^;{]+|map\s+\S+\s+\S+|types)\s*\{/gm,
    /^\s*(?:listen|server_name|proxy_pass|root|index|return|rewrite|include|worker_processes|user|try_files|proxy_set_header|add_header|ssl_certificate\w*)\s[^;{}]*;/gm,
  ],
};

/** The language of a file, or undefined if it is none of the three (or one of ours). */
export function detectLanguage(file: string, text: string): ForeignLanguage | undefined {
  if (OWN_ENDINGS.has(extname(file).toLowerCase())) return undefined;
  const look = text.slice(0, LOOK_AT_CHARACTERS).replace(/^\s*#.*$/gm, '');
  const scores = (Object.keys(SIGNS) as ForeignLanguage[]).map((language) => {
    const count = SIGNS[language].reduce((sum, sign) => sum + (look.match(sign)?.length ?? 0), 0);
    return { language, count };
  });
  const [best, second] = scores.sort((a, b) => b.count - a.count);
  if (best !== undefined && best.count > (second?.count ?? 0)) return best.language;
  // A file that only includes others tells by its name.
  const name = basename(file).toLowerCase();
  return NAMES.find(([pattern]) => pattern.test(name))?.[1];
}

const NAMES: readonly (readonly [RegExp, ForeignLanguage])[] = [
  [/^lighttpd.*\.conf$/, 'lighttpd'],
  [/^(?:httpd|apache2?).*\.conf$/, 'apache'],
  [/^nginx.*\.conf$/, 'nginx'],
];
