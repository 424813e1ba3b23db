// Loaded before every test: property tests run with the same seed each time. FUZZ_SEED names another, `random` a new one.
import fc from 'fast-check';

const wanted = process.env['FUZZ_SEED'] ?? '20261123';
const seed = wanted === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(wanted);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
