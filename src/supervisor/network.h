/*
 * The network of a sandbox: a namespace of its own with one end of a cable in it, made by `ip` and `nft` from scripts that
 * the TypeScript side writes. All of it hangs on the namespace and goes with the last process in it.
 */
#pragma once
#include <sys/mman.h>
#include "namespaces.h"

/* Runs `program option -` with `script` for its input, in the network namespace `where`. */
static void run_script(const char *program, const char *option, const char *script, int where) {
  int input = memfd_create("script", MFD_CLOEXEC);
  if (input < 0 || write(input, script, strlen(script)) < 0 || lseek(input, 0, SEEK_SET) < 0) fail("keep", "a script");
  pid_t child = fork();
  if (child == 0) {
    if (setns(where, CLONE_NEWNET) < 0 || dup2(input, 0) < 0 || dup2(2, 1) < 0) _exit(126);
    syscall(SYS_close_range, 3, ~0U, 0);
    char *none[] = {NULL};
    execve(program, (char *[]){(char *)program, (char *)option, "-", NULL}, none);
    _exit(127);
  }
  int status = 1;
  if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
    errno = EIO;
    fail("set up the network with", program);
  }
  close(input);
}

/* `outside` is for the machine's namespace; its `@` is where the other end of the cable goes, a pid. `filter`: may be empty. */
static void make_network(const char *ip, const char *outside, const char *inside, const char *nft, const char *filter) {
  char *script;
  const char *place = strchr(outside, '@');
  if (!place || asprintf(&script, "%.*s%d%s", (int)(place - outside), outside, getpid(), place + 1) < 0)
    fail("prepare", "the network");
  int machine = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (machine < 0 || unshare(CLONE_NEWNET) < 0) fail("make", "a network namespace");
  int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (own < 0) fail("open", "the network namespace");
  run_script(ip, "-batch", script, machine);
  run_script(ip, "-batch", inside, own);
  if (*filter) {
    /* What asks its own loopback for a service of the machine has an address of the loopback when it leaves. */
    write_file("/proc/sys/net/ipv4/conf/eth0/route_localnet", "1");
    run_script(nft, "-f", filter, own);
  }
  free(script);
  close(machine);
  close(own);
}
