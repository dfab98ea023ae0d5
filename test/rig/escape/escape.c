/*
 * Tries to get out of a sandbox. Prints one line for each attempt: its name, a tab, `denied` or `done`.
 * Arguments: a secret file, the pid of a process of the platform, a TCP port of the machine's loopback, and of another of
 * its addresses, that address, the address and the port of another dyno, the control socket, a file of another app, and the
 * pid of a process of it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(const char *name, bool done) {
  printf("%s\t%s\n", name, done ? "done" : "denied");
  fflush(stdout);
}

/* Any other error than these two comes from within the call: the kernel has let us in. */
static void call(const char *name, long result) { tell(name, result >= 0 || (errno != EPERM && errno != ENOSYS)); }

static bool readable(const char *path) {
  char byte;
  int fd = open(path, O_RDONLY);
  bool done = fd >= 0 && read(fd, &byte, 1) == 1;
  close(fd);
  return done;
}

static bool has_capabilities(void) {
  char line[256];
  unsigned long long set, all = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status))
    if (strncmp(line, "CapBnd", 6) != 0 && sscanf(line, "Cap%*3s %llx", &set) == 1) all |= set;
  return !status || all != 0;
}

/* What makes a child of it is tried in a child. */
static bool in_child(bool (*attempt)(void)) {
  pid_t child = fork();
  if (child == 0) _exit(attempt() ? 1 : 0);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}
static bool unshare_user(void) { return unshare(CLONE_NEWUSER) == 0; }
static bool clone_user(void) {
  long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  return child > 0;
}
static bool clone3_user(void) {
  unsigned long long arguments[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
  long child = syscall(SYS_clone3, arguments, sizeof arguments);
  if (child == 0) _exit(0);
  return child > 0;
}
static bool become_root(void) { return setuid(0) == 0 || setgid(0) == 0; }
static bool change_root(void) { return chroot("/tmp") == 0; }
static bool trace_first(void) {
  if (ptrace(PTRACE_ATTACH, 1, 0, 0) < 0) return false;
  waitpid(1, NULL, __WALL);
  ptrace(PTRACE_DETACH, 1, 0, 0);
  return true;
}
/* The same kernel by its other door. */
static bool keyring_of_32_bits(void) {
#if defined(__x86_64__)
  int result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(288), "b"(0), "c"(-3), "d"(1) : "memory", "r8", "r9", "r10", "r11");
  return result != -EPERM && result != -ENOSYS;
#else
  return false;
#endif
}

static bool connects(const char *host, int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr(host)};
  bool done = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
  close(fd);
  return done;
}

static bool connects_to_socket(const char *path) {
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  bool done = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
  close(fd);
  return done;
}

/* A daemon as the books teach it; whoever started us looks whether ./alive goes on growing. */
static void leave_daemon(void) {
  if (fork() == 0) {
    setsid();
    if (fork() != 0) _exit(0);
    for (int fd = 0; fd < 64; fd++) close(fd);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    int alive = open("alive", O_CREAT | O_APPEND | O_WRONLY, 0644);
    for (int i = 0; i < 1000; i++, usleep(20000))
      if (write(alive, "x", 1) < 0) break;
    _exit(0);
  }
  wait(NULL);
  for (int i = 0; i < 500 && !readable("alive"); i++) usleep(10000);
}

int main(int argc, char **argv) {
  char path[64];
  if (argc != 11) return 2;
  pid_t platform = atoi(argv[2]);

  tell("secret", readable(argv[1]));
  snprintf(path, sizeof path, "/proc/%d/environ", platform);
  tell("environ", readable(path));
  snprintf(path, sizeof path, "/proc/%d", platform);
  tell("processes", access(path, F_OK) == 0);
  tell("signal", kill(platform, 0) == 0);
  tell("trace", in_child(trace_first));
  tell("usr", open("/usr/hokku-escape", O_CREAT | O_WRONLY, 0600) >= 0);
  tell("root", in_child(become_root));
  tell("capabilities", has_capabilities());
  tell("new-privileges", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1);
  tell("chroot", in_child(change_root));
  tell("device", mknod("/tmp/disk", S_IFBLK | 0600, makedev(8, 0)) == 0);
  tell("raw-socket", socket(AF_INET, SOCK_RAW, 1) >= 0);
  tell("unshare", in_child(unshare_user));
  tell("clone", in_child(clone_user));
  tell("clone3", in_child(clone3_user));
  call("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
  call("fsopen", syscall(430, NULL, 0));
  call("setns", syscall(SYS_setns, -1, 0));
  call("keyring", syscall(SYS_keyctl, 0, -3, 1));
  tell("keyring-32", in_child(keyring_of_32_bits));
  call("bpf", syscall(SYS_bpf, 0, NULL, 0));
  call("perf", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
  call("userfaultfd", syscall(SYS_userfaultfd, 0x80000000));
  call("io-uring", syscall(425, 0, NULL));
  call("handle", syscall(SYS_open_by_handle_at, -1, NULL, 0));
  call("module", syscall(SYS_init_module, NULL, 0, ""));
  tell("loopback", connects("127.0.0.1", atoi(argv[3])));
  tell("machine", connects(argv[5], atoi(argv[4])));
  tell("neighbour", connects(argv[6], atoi(argv[7])));
  tell("socket", connects_to_socket(argv[8]));
  tell("file", readable(argv[9]));
  snprintf(path, sizeof path, "/proc/%s/environ", argv[10]);
  tell("neighbour-environ", readable(path));
  leave_daemon();
  return 0;
}
