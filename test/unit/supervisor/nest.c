/* Tries every way to a user namespace that this machine's kernel knows, each in a process of its own. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NEW_USER = 0x10000000 };

static void by_unshare(void) { syscall(SYS_unshare, NEW_USER); }
static void by_unshare_of_more(void) { syscall(SYS_unshare, NEW_USER | CLONE_FS | 0x00020000 /* mounts */); }

/* The namespace is the child's: it tells by its status. */
static void by_clone(void);
static void by_clone3(void);

#if defined(__x86_64__)
static void by_unshare_of_x32(void) { syscall(0x40000000 | SYS_unshare, NEW_USER); }
static void by_unshare_of_i386(void) {
  int result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(310), "b"(NEW_USER) : "memory", "r8", "r9", "r10", "r11");
}
#endif

static char own[64];

static int is_elsewhere(void) {
  char now[64] = "";
  return readlink("/proc/self/ns/user", now, sizeof now - 1) < 0 || strcmp(now, own) != 0;
}

static void tell_of(long child) {
  int status = 0;
  if (child == 0) _exit(is_elsewhere());
  if (child > 0 && waitpid((pid_t)child, &status, 0) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 1) _exit(1);
  _exit(0);
}
static void by_clone(void) { tell_of(syscall(SYS_clone, NEW_USER | SIGCHLD, 0, 0, 0, 0)); }
static void by_clone3(void) {
  struct {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  } arguments = {.flags = NEW_USER, .exit_signal = SIGCHLD};
  tell_of(syscall(435, &arguments, sizeof arguments));
}

static void attempt(const char *name, void (*way)(void)) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    way();
    _exit(is_elsewhere());
  }
  waitpid(child, &status, 0);
  printf("%s %s\n", name, WIFEXITED(status) && WEXITSTATUS(status) == 1 ? "made" : "refused");
  fflush(stdout);
}

static void *run_thread(void *none) { return none; }

int main(void) {
  if (readlink("/proc/self/ns/user", own, sizeof own - 1) < 0) return 1;
  attempt("unshare", by_unshare);
  attempt("unshare_of_more", by_unshare_of_more);
  attempt("clone", by_clone);
  attempt("clone3", by_clone3);
#if defined(__x86_64__)
  attempt("unshare_of_x32", by_unshare_of_x32);
  attempt("unshare_of_i386", by_unshare_of_i386);
#else
  attempt("unshare_again", by_unshare);
#endif
  pthread_t thread;
  if (pthread_create(&thread, NULL, run_thread, NULL) == 0 && pthread_join(thread, NULL) == 0) printf("a thread ");
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    printf("and a child\n");
    return 0;
  }
  waitpid(child, NULL, 0);
  return 0;
}
