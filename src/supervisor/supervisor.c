/*
 * hokku-supervisor: holds the process tree of one dyno or of one build's script.
 *
 *   dyno <label>   detaches, spools the output, writes the exit status, outlives the platform.
 *   build <label>  streams the output to its parent, exits with the command's status, dies with its parent.
 *   attached <label>  the same for a one-off dyno: with input, which comes on descriptor 3, or with a terminal.
 *   relay <pid> <port>  connects its input and output to a port on the loopback of that process's network.
 *   enter <fd>     the last part of the way into a sandbox that bubblewrap made: follows the steps read from <fd>.
 *
 * What to run arrives on standard input, never as arguments, so that no config var shows in the process list:
 * a 32 bit total, then fields, each a 32 bit length (host order) and its bytes: folder, uid of the output pipes, flags
 * (`p`: the sandbox has its own pid namespace; `t`: the steps make a terminal), steps (see sandbox-steps.h), and any
 * number of inputs, which the command
 * finds on descriptors 5, 6, ...; 3 is this program, 4 takes the status from the sandbox's init, and the terminal.
 *
 * dyno: answers `<pid> <start time>\n`, starts when it reads one byte, and ends without a trace at an end of file instead.
 * SIGTERM: SIGTERM to every process of the app. SIGQUIT: SIGKILL to all of them.
 * attached: what follows the job are orders, each a letter and two 16 bit numbers (host order): `s` signal, 0: to every
 * process of the app; `r` columns, rows: the terminal's new size.
 */
#define _GNU_SOURCE
#include "start-command.h"
#include "channel.h"
#include "relay.h"

enum { DRAIN_MS = 200 };

/* ---- the loop ---- */

static bool kill_now;
static int wanted_signal;

/* What our parent writes after the job. Its end means that our parent is gone. */
static void take_orders(int lifeline) {
  static char buffer[80];
  static size_t length;
  ssize_t n = read(lifeline, buffer + length, sizeof buffer - length);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n <= 0) {
    kill_now = true;
    for (int i = 0; i < STREAMS; i++) streams[i].ended = true, streams[i].length = 0;
    return;
  }
  length += (size_t)n;
  for (; length >= 5; memmove(buffer, buffer + 5, length -= 5)) {
    uint16_t numbers[2];
    memcpy(numbers, buffer + 1, sizeof numbers);
    if (buffer[0] == 's') wanted_signal = numbers[0];
    if (buffer[0] == 'r' && terminal >= 0)
      ioctl(terminal, TIOCSWINSZ, &(struct winsize){.ws_col = numbers[0], .ws_row = numbers[1]});
  }
}

/* A terminal stays open at the end of the input: who reads there waits for more. */
static void pass_end_of_input(void) {
  struct stream *s = &streams[IN];
  if (!s->ended || s->length > 0 || s->to < 0 || s->to == terminal) return;
  close(s->to);
  s->to = -1;
}

/* `lifeline`: where our parent gives orders; -1: we live on without it. Returns when the command and its whole tree have ended. */
static void supervise(int signals, int lifeline, int channel) {
  uint64_t drain_until = 0;
  for (;;) {
    hear(channel);
    if (wanted_signal && !main_ended && signal_tree(wanted_signal, job.private_pids) > 0) wanted_signal = 0;
    if ((kill_now || main_ended) && drain_until == 0) {
      kill_tree(on_exit_of);
      main_ended = true;
      drain_until = micros(CLOCK_MONOTONIC) + DRAIN_MS * 1000;
    }
    enum { FIXED = 3 };
    struct pollfd polled[FIXED + 2 * STREAMS] = {{signals, POLLIN, 0}, {kill_now ? -1 : lifeline, POLLIN, 0}, {-1, POLLIN, 0}};
    if (job.has_terminal && terminal < 0) polled[2].fd = channel;
    bool busy = false;
    for (int i = 0; i < STREAMS; i++) {
      struct stream *s = &streams[i];
      /* At the end everything that the tree wrote is in the pipe already; who else holds it open is not waited for. */
      while (i != IN && drain_until && (s->to >= 0 || micros(CLOCK_MONOTONIC) < drain_until) && read_stream(s)) continue;
      polled[FIXED + 2 * i] = (struct pollfd){s->ended || s->length ? -1 : s->from, POLLIN, 0};
      polled[FIXED + 2 * i + 1] = (struct pollfd){s->length ? s->to : -1, POLLOUT, 0};
      if (i != IN && (s->length > 0 || (!s->ended && drain_until == 0))) busy = true;
    }
    if (drain_until && !busy) return;
    if (drain_until) polled[FIXED + 2 * IN].fd = polled[FIXED + 2 * IN + 1].fd = -1;
    if (poll(polled, FIXED + 2 * STREAMS, wanted_signal ? 20 : -1) < 0 && errno != EINTR) return;

    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGTERM) wanted_signal = SIGTERM;
      if (info.ssi_signo == SIGQUIT) kill_now = true;
    }
    pid_t pid;
    int status;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) on_exit_of(pid, status);
    if (polled[1].revents) take_orders(lifeline);
    for (int i = 0; i < STREAMS; i++) {
      if (polled[FIXED + 2 * i + 1].revents) flush_stream(&streams[i]);
      if (polled[FIXED + 2 * i].revents) read_stream(&streams[i]);
    }
    pass_end_of_input();
  }
}

/* The sandbox's init knows the true status; without its word (no init, or a failed set-up) that of our child counts. */
static int final_status(int channel) {
  hear(channel);
  return was_told ? told_status : main_status;
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

  int channel = start_command(true, false);
  supervise(signals, -1, channel);
  save_exit("exit", final_status(channel), micros(CLOCK_REALTIME));
  return 0;
}

static int run_build(void) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  int signals = block_signals();
  fcntl(0, F_SETFL, O_NONBLOCK);
  for (int i = 0; i < 2; i++) fcntl(streams[i].to = i + 1, F_SETFL, O_NONBLOCK);
  int channel = start_command(false, false);
  supervise(signals, 0, channel);
  return shell_status(final_status(channel));
}

/* Output and error output are one stream, in the order in which they were written. */
static int run_attached(void) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  int signals = block_signals();
  streams[IN].from = fcntl(SELF_FD, F_DUPFD_CLOEXEC, 10); /* away from where the command finds its own */
  close(SELF_FD);
  streams[OUT].to = 1;
  streams[IN].ended = job.has_terminal; /* until there is one */
  for (int fd = 0; fd < 2; fd++) fcntl(fd, F_SETFL, O_NONBLOCK);
  fcntl(streams[IN].from, F_SETFL, O_NONBLOCK);
  int channel = start_command(true, !job.has_terminal);
  supervise(signals, 0, channel);
  return shell_status(final_status(channel));
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
  if (strcmp(mode, "relay") == 0 && argc > 3) return relay(argv[2], atoi(argv[3]));
  bool dyno = strcmp(mode, "dyno") == 0, attached = strcmp(mode, "attached") == 0;
  if (!dyno && !attached && strcmp(mode, "build") != 0) {
    dprintf(2, "usage: hokku-supervisor dyno|build|attached <label>, with the job on standard input\n");
    return 2;
  }
  if (!read_job()) return 2; /* our parent died while it was writing */
  if (attached) return run_attached();
  return dyno ? run_dyno() : run_build();
}
