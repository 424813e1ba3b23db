// The public API: what `import ... from 'portico'` gives to configuration scripts, plug-ins and embedding programs.
export { defineConfig } from './config/define-config.ts';
export type { UserConfig, UserFeatures, UserMount, UserPaths, UserSite } from './config/user-config.ts';
export type { FeatureInputs } from './features/inputs.ts';
