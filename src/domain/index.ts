export { isOfPlatform, parseHostname, tryHostname } from './parse-hostname.ts';
export { describeCertificate, type CertificateFacts } from './describe-certificate.ts';
export { readCertificate, type CertificatePair } from './read-certificate.ts';
