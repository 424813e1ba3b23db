// The feature `files`: serves a folder.
import type { Feature } from '../../exchange/feature.ts';
import { createFiles } from './handler.ts';
import { type FilesOptions, filesOptions } from './options.ts';

/** Serves the files of a folder, or one file. */
export const staticFiles: Feature<FilesOptions> = {
  name: 'files',
  role: 'serve',
  shorthand: 'root',
  options: filesOptions,
  create: createFiles,
};
