import type { CauseRule } from './rule.ts';

/** Something elsewhere can't be reached, or doesn't want to answer. */
export const network: readonly CauseRule[] = [
  {
    pattern:
      /Temporary failure in name resolution|Name or service not known|Could not resolve host|NameResolutionError|\bENOTFOUND\b|\bEAI_AGAIN\b|Network is unreachable|no such host|UnknownHostException|failed to lookup address/i,
    pick: 'first',
    next: 'A host name could not be resolved: check the network, proxy and registry settings of the platform, then push again.',
    example: 'curl: (6) Could not resolve host: downloads.example.com',
  },
  {
    pattern:
      /certificate verify failed|SELF_SIGNED_CERT|UNABLE_TO_(?:GET|VERIFY)|self.signed certificate|PKIX path building failed|unknown authority|curl: \(60\)|server certificate verification failed/i,
    pick: 'first',
    next: 'A TLS certificate was not trusted: give the platform the CA of your network, then push again.',
    example: 'curl: (60) SSL certificate problem: unable to get local issuer certificate',
  },
  {
    pattern:
      /\b(?:401 Unauthorized|403 Forbidden|Authentication failed|could not read Username|E401|E403|Permission denied \(publickey)/,
    pick: 'first',
    next: 'Something refused the build: it needs a login, which belongs into a config var, or may not be read at all.',
    example: "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
  },
  {
    pattern: /curl: \(22\)|requested URL returned error: (?:404|410)|\bERROR 404: Not Found|HTTP 404/,
    pick: 'first',
    next: 'A file that the build downloads is not there: check its address and its version.',
    example: 'curl: (22) The requested URL returned error: 404',
  },
  {
    pattern:
      /checksum (?:mismatch|did not match|does not match)|FAILED open or read|computed checksums? did NOT match|\bEINTEGRITY\b|DO NOT MATCH THE HASHES|hash mismatch/i,
    pick: 'first',
    next: 'What was downloaded is not what was expected: push again; if it stays so, find out who changed the file before you trust it.',
    example: 'sha256sum: WARNING: 1 computed checksum did NOT match',
  },
];

/** These say less than most others: a build that fails for another reason may have had them, too. */
export const connections: readonly CauseRule[] = [
  {
    pattern:
      /Connection refused|Connection timed out|Connection reset|\bECONN(?:REFUSED|RESET)\b|\bETIMEDOUT\b|timed out|curl: \((?:7|28|35|52|56)\)/i,
    pick: 'last',
    next: 'Something that the build needs could not be reached: see the address above, then push again.',
    example: 'curl: (7) Failed to connect to 127.0.0.1 port 9: Connection refused',
  },
];
