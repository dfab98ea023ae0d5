/* Starting the command: its pipes, its descriptors, and the first of its steps. */
#pragma once
#include <sys/mman.h>
#include <sys/signalfd.h>
#include "job.h"
#include "sandbox-steps.h"
#include "streams.h"

static pid_t main_pid;
static bool main_ended;
static int main_status;

static void on_exit_of(pid_t pid, int status) {
  if (pid != main_pid || main_ended) return;
  main_ended = true;
  main_status = status;
}

enum { READ_END, WRITE_END };

/* `theirs`: the end that the command gets; ours never blocks. */
static void make_pipe(int ends[2], int theirs) {
  if (pipe2(ends, O_CLOEXEC) < 0) fail("make", "a pipe");
  fcntl(ends[!theirs], F_SETFL, O_NONBLOCK);
  /* Opening /dev/stdout asks for rights on the pipe itself. */
  uid_t uid = (uid_t)strtoul(job.fields[UID].bytes, NULL, 10);
  if (geteuid() == 0 && fchown(ends[theirs], uid, uid) < 0) fail("give away", "a pipe");
}

static int memory_file(struct field *field) {
  int fd = memfd_create("input", MFD_CLOEXEC);
  if (fd < 0 || write(fd, field->bytes, field->length) != (ssize_t)field->length || lseek(fd, 0, SEEK_SET) < 0)
    fail("keep", "an input");
  return fd;
}

static _Noreturn void become_command(int in, int out, int err, int status) {
  die_with_parent();
  setsid();
  umask(022);
  sigset_t none;
  sigemptyset(&none);
  signal(SIGPIPE, SIG_DFL);
  int oom = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (write(oom, "500", 3) < 0) errno = 0; /* would have made it go before the platform, if memory runs out */
  close(oom);

  int given[MAX_FIELDS + 2], count = 0;
  given[count++] = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  given[count++] = status;
  for (size_t i = INPUTS; i < job.count; i++) given[count++] = memory_file(&job.fields[i]);
  /* First out of the way of each other, then into place. */
  for (int i = 0; i < count; i++) given[i] = fcntl(given[i], F_DUPFD_CLOEXEC, 64);
  if (in < 0) in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) fail("set up", "the output");
  for (int i = 0; i < count; i++)
    if (dup2(given[i], SELF_FD + i) < 0) fail("set up", "the inputs");
  syscall(SYS_close_range, SELF_FD + count, ~0U, 0);
  sigprocmask(SIG_SETMASK, &none, NULL);

  struct field *steps = &job.fields[STEPS];
  follow(&(struct steps){.at = steps->bytes, .end = steps->bytes + steps->length, .has_inputs = job.count > INPUTS});
}

/* Returns our end of the channel by which the sandbox's init tells the status, and its main process hands over the terminal. */
static int start_command(bool merged, bool with_input) {
  int in[2] = {-1, -1}, out[2], err[2], status[2];
  make_pipe(out, WRITE_END);
  if (!merged) make_pipe(err, WRITE_END);
  if (with_input) make_pipe(in, READ_END);
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, status) < 0) fail("make", "a channel");
  fcntl(status[0], F_SETFL, O_NONBLOCK);
  main_pid = fork();
  if (main_pid < 0) fail("start", "the command");
  if (main_pid == 0) become_command(in[READ_END], out[1], merged ? out[1] : err[1], status[1]);
  close(out[1]);
  close(status[1]);
  streams[OUT].from = out[0];
  if (!merged) {
    close(err[1]);
    streams[ERR].from = err[0];
    streams[ERR].ended = false;
  }
  if (with_input) {
    close(in[READ_END]);
    streams[IN].to = in[WRITE_END];
  }
  return status[0];
}

static int block_signals(void) {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGCHLD);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGQUIT);
  sigprocmask(SIG_SETMASK, &wanted, NULL);
  signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}
