/* The namespaces of a sandbox, and the first process in them. */
#pragma once
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include "set-up.h"

/* What the child finds there: this program, the pipe that takes the status from the init; inputs follow. */
enum { SELF_FD = 3, STATUS_FD = 4 };

/* An ordinary user gets the right to do so from a user namespace in which he stays who he is. */
static void enter_namespaces(int which) {
  uid_t uid = geteuid();
  gid_t gid = getegid();
  if (unshare(which | (uid == 0 ? 0 : CLONE_NEWUSER)) < 0) fail("make", "namespaces");
  if (uid != 0) {
    char map[64];
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "%u %u 1", uid, uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "%u %u 1", gid, gid);
    write_file("/proc/self/gid_map", map);
  }
  if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) fail("detach", "the mounts");
  die_with_parent();
}

/* The first process of the new pid namespace goes on; this one waits for it. */
static void fork_into_pid_namespace(void) {
  pid_t child = fork();
  if (child < 0) fail("start", "the first process");
  if (child == 0) {
    die_with_parent();
    return;
  }
  syscall(SYS_close_range, 0, ~0U, 0);
  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  _exit(shell_status(status));
}

static void on_child(int signal) { (void)signal; }

/*
 * The init of the sandbox: reaps, and tells the supervisor the true status of the main process. The kernel kills the rest
 * when it ends, which it also does when nobody is left to tell: a parent death signal would not do, because the kernel
 * does not let bubblewrap, a root without capabilities, signal another user's process.
 */
static void fork_from_init(void) {
  sigset_t child, none;
  sigemptyset(&none);
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_SETMASK, &child, NULL);
  pid_t main_pid = fork();
  if (main_pid < 0) fail("start", "the main process");
  if (main_pid == 0) {
    sigprocmask(SIG_SETMASK, &none, NULL);
    return;
  }
  prctl(PR_SET_DUMPABLE, 0); /* so that the app can not look into it */
  prctl(PR_SET_NAME, "init");
  dup2(STATUS_FD, 0);
  syscall(SYS_close_range, 1, ~0U, 0);
  sigaction(SIGCHLD, &(struct sigaction){.sa_handler = on_child}, NULL);
  for (;;) {
    pid_t pid;
    int status;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid != main_pid) continue;
      if (write(0, &status, sizeof status) < 0) _exit(125);
      _exit(shell_status(status));
    }
    struct pollfd supervisor = {.fd = 0};
    if (ppoll(&supervisor, 1, NULL, &none) > 0) _exit(128 + SIGKILL);
  }
}
