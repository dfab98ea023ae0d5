/** How one sandbox is wired: scripts of `ip -batch` and `nft -f`, run as it is set up. All of it goes with its last process. */
export interface NetworkLink {
  /** IPv4, of the sandbox; reached from this machine only. */
  readonly address: string;
  readonly ip: string;
  /** For the machine's namespace; its `@` becomes the pid of the process whose namespace gets the other end. */
  readonly outside: string;
  readonly inside: string;
  readonly nft: string;
  /** For the sandbox's namespace; empty: nothing of the machine's loopback is to be had there. */
  readonly filter: string;
  /** What its `/etc/resolv.conf` holds; null: the same as the machine's. */
  readonly resolver: string | null;
}

/** Networks of their own for dynos and builds. */
export interface SandboxNetwork {
  /** Takes an address; nobody else gets it until it is given back. Throws `unavailable` when there is none left. */
  link(name: string): NetworkLink;
  /** Notes the address of a sandbox that was started by an earlier platform process. */
  keep(address: string): void;
  free(address: string): void;
}
