export { AcmeAuthority, type AuthorityOptions } from './acme-authority.ts';
export { newKey } from './new-key.ts';
export type { CertificateRequest, OrderWatcher } from './obtain-certificate.ts';
