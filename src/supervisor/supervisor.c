/*
 * hokku-supervisor: holds the process tree of one dyno or of one build's script.
 *
 *   dyno <label>   detaches, spools the output, writes the exit status, outlives the platform.
 *   build <label>  streams the output to its parent, exits with the command's status, dies with its parent.
 *   enter <fd>     the last part of the way into a sandbox that bubblewrap made: follows the steps read from <fd>.
 *
 * What to run arrives on standard input, never as arguments, so that no config var shows in the process list:
 * a 32 bit total, then fields, each a 32 bit length (host order) and its bytes: folder, uid of the output pipes, flags
 * (`p`: the sandbox has its own pid namespace), steps (see sandbox-steps.h), and any number of inputs, which the command
 * finds on descriptors 5, 6, ...; 3 is this program, 4 takes the status from the sandbox's init.
 *
 * dyno: answers `<pid> <start time>\n`, starts when it reads one byte, and ends without a trace at an end of file instead.
 * SIGTERM: SIGTERM to every process of the app. SIGQUIT: SIGKILL to all of them.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/signalfd.h>
#include "job.h"
#include "sandbox-steps.h"
#include "streams.h"

enum { DRAIN_MS = 200 };

static pid_t main_pid;
static bool main_ended;
static int main_status;

static void on_exit_of(pid_t pid, int status) {
  if (pid != main_pid || main_ended) return;
  main_ended = true;
  main_status = status;
}

/* ---- start ---- */

static void make_pipe(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC) < 0) fail("make", "a pipe");
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  /* Opening /dev/stdout asks for rights on the pipe itself. */
  uid_t uid = (uid_t)strtoul(job.fields[UID].bytes, NULL, 10);
  if (geteuid() == 0 && fchown(ends[1], uid, uid) < 0) fail("give away", "a pipe");
}

static int memory_file(struct field *field) {
  int fd = memfd_create("input", MFD_CLOEXEC);
  if (fd < 0 || write(fd, field->bytes, field->length) != (ssize_t)field->length || lseek(fd, 0, SEEK_SET) < 0)
    fail("keep", "an input");
  return fd;
}

static _Noreturn void become_command(int out, int err, int status) {
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
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) fail("set up", "the output");
  for (int i = 0; i < count; i++)
    if (dup2(given[i], SELF_FD + i) < 0) fail("set up", "the inputs");
  syscall(SYS_close_range, SELF_FD + count, ~0U, 0);
  sigprocmask(SIG_SETMASK, &none, NULL);

  struct field *steps = &job.fields[STEPS];
  follow(&(struct steps){.at = steps->bytes, .end = steps->bytes + steps->length, .has_inputs = job.count > INPUTS});
}

/* Returns the read end of the pipe by which the sandbox's init tells the status. */
static int start_command(bool merged) {
  int out[2], err[2], status[2];
  make_pipe(out);
  if (!merged) make_pipe(err);
  make_pipe(status);
  main_pid = fork();
  if (main_pid < 0) fail("start", "the command");
  if (main_pid == 0) become_command(out[1], merged ? out[1] : err[1], status[1]);
  close(out[1]);
  close(status[1]);
  streams[0].from = out[0];
  streams[1].ended = merged;
  if (!merged) {
    close(err[1]);
    streams[1].from = err[0];
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

/* ---- the loop ---- */

/* `lifeline`: its end means that our parent is gone; -1: we live on. Returns when the command and its whole tree have ended. */
static void supervise(int signals, int lifeline) {
  bool kill_now = false, terminate = false;
  uint64_t drain_until = 0;
  for (;;) {
    if (terminate && !main_ended && terminate_tree(job.private_pids) > 0) terminate = false;
    if ((kill_now || main_ended) && drain_until == 0) {
      kill_tree(on_exit_of);
      main_ended = true;
      drain_until = micros(CLOCK_MONOTONIC) + DRAIN_MS * 1000;
    }
    struct pollfd polled[6] = {{signals, POLLIN, 0}, {lifeline, POLLIN, 0}};
    bool busy = false;
    for (int i = 0; i < 2; i++) {
      struct stream *s = &streams[i];
      /* At the end everything that the tree wrote is in the pipe already; who else holds it open is not waited for. */
      while (drain_until && (s->to >= 0 || micros(CLOCK_MONOTONIC) < drain_until) && read_stream(s)) continue;
      polled[2 + i] = (struct pollfd){s->ended || s->length ? -1 : s->from, POLLIN, 0};
      polled[4 + i] = (struct pollfd){s->length ? s->to : -1, POLLOUT, 0};
      if (s->length > 0 || (!s->ended && drain_until == 0)) busy = true;
    }
    if (drain_until && !busy) return;
    if (poll(polled, 6, terminate ? 20 : -1) < 0 && errno != EINTR) return;

    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGTERM) terminate = true;
      if (info.ssi_signo == SIGQUIT) kill_now = true;
    }
    pid_t pid;
    int status;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) on_exit_of(pid, status);
    if (polled[1].revents) {
      char byte;
      if (read(lifeline, &byte, 1) <= 0) {
        kill_now = true;
        lifeline = -1;
        for (int i = 0; i < 2; i++) streams[i].ended = true, streams[i].length = 0;
      }
    }
    for (int i = 0; i < 2; i++) {
      if (polled[4 + i].revents) flush_stream(&streams[i]);
      if (polled[2 + i].revents) read_stream(&streams[i]);
    }
  }
}

/* The sandbox's init knows the true status; without its word (no init, or a failed set-up) that of our child counts. */
static int final_status(int from_init) {
  int status;
  return read(from_init, &status, sizeof status) == sizeof status ? status : main_status;
}

static unsigned long long own_start_time(void) {
  char stat[512], *after_name;
  unsigned long long ticks = 0;
  if (read_small_file("/proc/self/stat", stat, sizeof stat) && (after_name = strrchr(stat, ')')))
    sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &ticks);
  return ticks;
}

static int run_dyno(void) {
  int started[2];
  if (pipe2(started, O_CLOEXEC) < 0) fail("make", "a pipe");
  pid_t supervisor = fork();
  if (supervisor < 0) fail("start", "the supervisor");
  if (supervisor != 0) { /* stays until the start, because Node closes the standard input of a child that has ended */
    char none;
    close(started[1]);
    return read_exactly(started[0], &none, 1);
  }
  setsid();
  prctl(PR_SET_CHILD_SUBREAPER, 1); /* not inherited over fork */
  spool.folder = open(job.fields[FOLDER].bytes, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (spool.folder < 0 || chdir("/") < 0) fail("open", "the folder of the dyno");
  save_exit(NULL, 0, 0);
  int signals = block_signals();
  dprintf(1, "%d %llu\n", getpid(), own_start_time());
  char go;
  if (!read_exactly(0, &go, 1)) return 1;
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; fd++) dup2(null, fd);
  close(started[1]);

  int from_init = start_command(true);
  supervise(signals, -1);
  save_exit("exit", final_status(from_init), micros(CLOCK_REALTIME));
  return 0;
}

static int run_build(void) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  int signals = block_signals();
  fcntl(0, F_SETFL, O_NONBLOCK);
  for (int i = 0; i < 2; i++) fcntl(streams[i].to = i + 1, F_SETFL, O_NONBLOCK);
  int from_init = start_command(false);
  supervise(signals, 0);
  return shell_status(final_status(from_init));
}

static _Noreturn void enter(int fd) {
  struct stat info;
  char *bytes;
  if (fstat(fd, &info) < 0 || !(bytes = calloc(1, (size_t)info.st_size + 1)) || !read_exactly(fd, bytes, (size_t)info.st_size))
    fail("read", "the steps");
  follow(&(struct steps){.at = bytes, .end = bytes + info.st_size});
}

int main(int argc, char **argv) {
  const char *mode = argc > 2 ? argv[1] : "";
  if (strcmp(mode, "enter") == 0) enter(atoi(argv[2]));
  bool dyno = strcmp(mode, "dyno") == 0;
  if (!dyno && strcmp(mode, "build") != 0) {
    dprintf(2, "usage: hokku-supervisor dyno|build <label>, with the job on standard input\n");
    return 2;
  }
  if (!read_job()) return 2; /* our parent died while it was writing */
  return dyno ? run_dyno() : run_build();
}
