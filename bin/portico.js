#!/usr/bin/env node
// The executable: hands the command line to the compiled program.
import { main } from '../dist/src/cli/main.js';

await main(process.argv.slice(2));
