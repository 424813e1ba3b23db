// What tests of issuers and keepers share: one that asks a scripted CA, with a store of its own and a log as data.
import { ChallengeBoard } from '../../src/acme/challenges.ts';
import type { AcmeSettings } from '../../src/acme/issuer.ts';
import { AcmeStore } from '../../src/acme/store.ts';
import { SessionTickets } from '../../src/tls/session-tickets.ts';
import { atEnd, type Owner } from '../kit/at-end.ts';
import { MovableClock } from '../kit/movable-clock.ts';
import type { ScriptedCa } from '../kit/scripted-ca.ts';
import { tempFolder } from '../kit/temp-folder.ts';
import { Waiting } from '../kit/waiting.ts';

/** Options for an `Issuer` or a `CertificateKeeper`. */
export function issuerOptions(
  owner: Owner,
  ca: ScriptedCa,
  changes: Partial<AcmeSettings> = {},
  dir = tempFolder(owner),
) {
  const clock = new MovableClock();
  const lines: { message: string; fields: Record<string, unknown> }[] = [];
  const waiting = new Waiting(() => JSON.stringify(lines, undefined, 1));
  const write = (fields: Record<string, unknown>, message: string) => {
    lines.push({ message, fields });
    waiting.changed();
  };
  const log = { info: write, warn: write, error: write };
  const tickets = new SessionTickets(clock);
  atEnd(owner, () => tickets.close());
  const settings: AcmeSettings = {
    authorities: [{ directory: ca.directory, ca: ca.ca, eab: undefined, profile: undefined }],
    email: undefined,
    challenges: ['http-01'],
    dns: undefined,
    ask: undefined,
    key: 'ecdsa',
    preflight: true,
    ...changes,
  };
  const store = new AcmeStore(dir, clock, log);
  return { settings, store, board: new ChallengeBoard(clock, tickets), clock, log, lines, waiting };
}
