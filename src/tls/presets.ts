// Presets: which versions of TLS and which cipher suites are spoken, in three steps from wide to narrow.
import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';

/** The names of the presets; `modern` is the default of configurations. */
export type Preset = 'modern' | 'compatible' | 'strict';

/** Of TLS 1.3 (RFC 8446 §B.4). */
const SUITES_13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
/** Of TLS 1.2: forward secrecy and authenticated encryption (RFC 9325 §4.2). */
const SUITES_12 = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];
/** What clients of before 2015 have besides: no authenticated encryption, and at the end no forward secrecy. */
const SUITES_OLD = [
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA256',
  'AES128-SHA',
  'AES256-SHA',
];

/** RFC 8996: TLS 1.0 and 1.1 must not be used, by no preset. */
const PRESETS: Readonly<Record<Preset, SecureContextOptions>> = {
  modern: { minVersion: 'TLSv1.2', ciphers: [...SUITES_13, ...SUITES_12].join(':'), honorCipherOrder: false },
  compatible: {
    minVersion: 'TLSv1.2',
    ciphers: [...SUITES_13, ...SUITES_12, ...SUITES_OLD].join(':'),
    honorCipherOrder: true,
  },
  strict: { minVersion: 'TLSv1.3', ciphers: SUITES_13.join(':'), honorCipherOrder: false },
};

/** The preset as options of node:tls. Renegotiation is off: only attacks and client certificates asked for late need it. */
export function presetOptions(preset: Preset): SecureContextOptions {
  return { ...PRESETS[preset], secureOptions: constants['SSL_OP_NO_RENEGOTIATION'] ?? 0 };
}
