/*
 * What every part of a sandbox's set-up uses. It runs between fork and exec: any failure ends the child with 125 and one
 * line on standard error, which is the dyno's log or the build's output.
 */
#pragma once
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "process-tree.h"

static _Noreturn void fail(const char *what, const char *which) {
  dprintf(2, "hokku: could not %s %s: %s\n", what, which, strerror(errno));
  _exit(125);
}

static void die_with_parent(void) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) fail("set", "the parent death signal");
}

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) fail("write", path);
  close(fd);
}

static int shell_status(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }
