/*
 * hokku-supervisor: holds the process tree of one dyno or of one build's script.
 *
 *   dyno <label>   detaches, spools the output, writes the exit status, outlives the platform.
 *   build <label>  streams the output to its parent, exits with the command's status, dies with its parent.
 *   attached <label>  the same for a one-off dyno: with input, which comes on descriptor 3, or with a terminal.
 *   enter <fd>     the last part of the way into a sandbox that bubblewrap made: follows the steps read from <fd>.
 *
 * What to run arrives on standard input, never as arguments, so that no config var shows in the process list:
 * a 32 bit total, then fields, each a 32 bit length (host order) and its bytes: folder, uid of the output pipes, flags
 * (`p`: the sandbox has its own pid namespace; `t`: the steps make a terminal), steps (see sandbox-steps.h), and any number of inputs, which the command
 * finds on descriptors 5, 6, ...; 3 is this program, 4 takes the status from the sandbox's init, and the terminal.
 *
 * dyno: answers `<pid> <start time>\n`, starts when it reads one byte, and ends without a trace at an end of file instead.
 * SIGTERM: SIGTERM to every process of the app. SIGQUIT: SIGKILL to all of them.
 * attached: what follows the job are orders, each a letter and two 16 bit numbers (host order): `s` signal, 0: to every
 * process of the app; `r` columns, rows: the terminal's new size.
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

/* ---- what the sandbox tells ---- */

static bool was_told;
static int told_status;

/* The one word of the main process is its terminal, the one of the sandbox's init the status. */
static void hear(int channel) {
  int word = 0, ends[2];
  char control[CMSG_SPACE(sizeof ends)];
  struct iovec part = {&word, sizeof word};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  for (ssize_t n; (n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC)) > 0; message.msg_controllen = sizeof control) {
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (n == sizeof word) {
      was_told = true;
      told_status = word;
    } else if (job.has_terminal && terminal < 0 && head && head->cmsg_len == CMSG_LEN(sizeof ends)) {
      memcpy(ends, CMSG_DATA(head), sizeof ends); /* the inner one just stays open */
      terminal = ends[0];
      fcntl(terminal, F_SETFL, O_NONBLOCK);
      streams[ERR] = (struct stream){.from = terminal, .to = streams[OUT].to};
      streams[IN].to = terminal;
      streams[IN].ended = false;
    }
  }
}

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
  bool dyno = strcmp(mode, "dyno") == 0, attached = strcmp(mode, "attached") == 0;
  if (!dyno && !attached && strcmp(mode, "build") != 0) {
    dprintf(2, "usage: hokku-supervisor dyno|build|attached <label>, with the job on standard input\n");
    return 2;
  }
  if (!read_job()) return 2; /* our parent died while it was writing */
  if (attached) return run_attached();
  return dyno ? run_dyno() : run_build();
}
