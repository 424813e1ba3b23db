// UserConfig: a document as TypeScript sees it, short forms included. The schemas say the same, and more exactly.
import type { z } from 'zod';
import type { FeatureInputs } from '../exchange/feature.ts';
import type { settingsSchema } from './schema.ts';
import type { siteHttpsSchema, siteTlsSchema } from './tls-schema.ts';

/** What `portico.config.ts` exports. */
export interface UserConfig extends z.input<typeof settingsSchema> {
  /** By host name: what is served there. Several names in one key are separated by commas. */
  readonly sites: Readonly<Record<string, UserSite>>;
  /** Features of every mount that does not set them itself. */
  readonly defaults?: UserFeatures;
}

/** A URL, a folder, one mount for the whole site, or a map of paths. */
export type UserSite = string | (UserMount & UserSiteSettings) | UserPaths;

/** What concerns a site as a whole. */
export interface UserSiteSettings {
  readonly tls?: z.input<typeof siteTlsSchema>;
  readonly https?: z.input<typeof siteHttpsSchema>;
}

/** Public paths and what serves them: a key ending in `/` covers all below it, any other exactly itself, and so does `=/`. */
export interface UserPaths extends UserSiteSettings {
  readonly [path: `/${string}` | `=/${string}`]: string | UserMount;
  /** Features of every mount of the site that does not set them itself. */
  readonly defaults?: UserFeatures;
}

/** One thing that serves, and what stands before it. */
export type UserMount = UserFeatures;

/** The options of features by their names, as far as {@link FeatureInputs} has them. */
export type UserFeatures = Partial<FeatureInputs>;
