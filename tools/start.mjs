// `npm start`: sets up, then runs the demonstration, or the command line that follows `--`.
import { setUp } from './setup.mjs';

setUp();
const { main } = await import('../dist/src/cli/main.js');
const args = process.argv.slice(2);
await main(args.length > 0 ? args : ['demo']);
