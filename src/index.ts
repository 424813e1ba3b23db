// The public API: what `import ... from 'portico'` gives to configuration scripts, plug-ins and embedding programs.
import type {} from './features/inputs.ts';

export { defineConfig } from './config/define-config.ts';
export type { UserConfig, UserFeatures, UserMount, UserPaths, UserSite } from './config/user-config.ts';
