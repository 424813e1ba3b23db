// defineConfig: gives a configuration script its types, for completion and for checks in the editor.
import type { UserConfig } from './user-config.ts';

/**
 * Returns `config` unchanged. Exported by `portico` for `portico.config.ts`:
 *
 *     export default defineConfig({ sites: { 'www.example.com': 'http://127.0.0.1:8081' } });
 */
export function defineConfig(config: UserConfig): UserConfig {
  return config;
}
