// Certificates that are made: what is in them, as other programs see it.
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createChallengeCertificate, createRoot, generateKey, issueLeaf, renewalIdOf } from './x509.ts';

const validity = { fromMs: Date.UTC(2026, 0, 1), toMs: Date.UTC(2027, 0, 1) };

test('createChallengeCertificate: name and digest of RFC 8737', async () => {
  const { chain } = await createChallengeCertificate('a.example', 'token.thumbprint', validity);
  const certificate = new X509Certificate(chain);
  assert.equal(certificate.subjectAltName, 'DNS:a.example');
  // id-pe-acmeIdentifier, critical, and the digest as an octet string in the octet string of the extension.
  const digest = createHash('sha256').update('token.thumbprint').digest('hex');
  assert.ok(certificate.raw.includes(Buffer.from(`06082b0601050507011f0101ff04220420${digest}`, 'hex')));
});

test('createRoot and issueLeaf: a chain that holds, for a name and for addresses', async () => {
  const root = await createRoot('Local', ['localhost', 'test'], validity);
  const names = [
    { type: 'dns', value: 'localhost' },
    { type: 'ip', value: '::1' },
  ] as const;
  const leaf = new X509Certificate((await issueLeaf(root, names, validity)).chain);
  const authority = new X509Certificate(root.chain);
  assert.ok(leaf.verify(authority.publicKey) && leaf.checkIssued(authority));
  assert.ok(authority.ca && !leaf.ca);
  assert.equal(leaf.checkHost('localhost'), 'localhost');
  assert.equal(leaf.checkIP('::1'), '::1');
  assert.equal(leaf.validTo, 'Jan  1 00:00:00 2027 GMT');
});

test('generateKey: of both kinds', async () => {
  for (const kind of ['ecdsa', 'rsa'] as const) assert.match(await generateKey(kind), /^-----BEGIN PRIVATE KEY-----/);
});

test('renewalIdOf: the example of RFC 9773 §4.1', async () => {
  const pem = `-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----`;
  assert.equal(await renewalIdOf(new X509Certificate(pem)), 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
});
