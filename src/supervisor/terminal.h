/*
 * Steps of attached commands: a terminal that is made inside of the sandbox, so that its name means something there, and
 * the way into the sandbox of a dyno that runs already.
 */
#pragma once
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

/* Both ends go to the supervisor: as long as it holds the inner one, reading the outer one never fails for want of it. */
static void send_terminal(int channel, int outer, int inner) {
  char control[CMSG_SPACE(2 * sizeof(int))] = {0}, word = 't';
  struct iovec part = {&word, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  *head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(2 * sizeof(int))};
  memcpy(CMSG_DATA(head), (int[]){outer, inner}, 2 * sizeof(int));
  if (sendmsg(channel, &message, MSG_NOSIGNAL) != 1) fail("hand over", "the terminal");
}

static void make_terminal(unsigned short columns, unsigned short rows) {
  int outer = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (outer < 0 || unlockpt(outer) < 0) fail("make", "a terminal");
  int inner = ioctl(outer, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  struct termios modes;
  if (inner < 0 || tcgetattr(inner, &modes) < 0) fail("open", "the terminal");
  modes.c_iflag |= IUTF8;
  tcsetattr(inner, TCSANOW, &modes);
  ioctl(inner, TIOCSWINSZ, &(struct winsize){.ws_col = columns, .ws_row = rows});
  setsid(); /* fails where it is the leader of a session already, which will do */
  if (ioctl(inner, TIOCSCTTY, 0) < 0) fail("take", "the terminal");
  send_terminal(STATUS_FD, outer, inner);
  for (int fd = 0; fd < 3; fd++)
    if (dup2(inner, fd) < 0) fail("set up", "the terminal");
}

static int open_namespace(const char *pid, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%.20s/ns/%s", pid, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("open", path);
  return fd;
}

static bool is_same_namespace(int one, int other) {
  struct stat a, b;
  if (fstat(one, &a) < 0 || fstat(other, &b) < 0) fail("look at", "a namespace");
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Nothing is done where we are in it already; false then. */
static bool join_namespace(int fd, int own, const char *name, int type) {
  if (is_same_namespace(fd, own)) return false;
  if (setns(fd, type) < 0) fail("join", name);
  return true;
}

/*
 * Joins the namespaces of the process `pid`. As an ordinary user the right to do so comes from the user namespace that
 * owns the others, which may be another one than the process itself is in. Fails where there are no walls to get behind:
 * then `pid` is not what the caller takes it for.
 */
static void join_sandbox(const char *pid) {
  static const struct {
    const char *name;
    int type;
  } kinds[] = {{"net", CLONE_NEWNET}, {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS}, {"cgroup", CLONE_NEWCGROUP}, {"pid", CLONE_NEWPID}, {"mnt", CLONE_NEWNS}};
  enum { KINDS = sizeof kinds / sizeof *kinds, MOUNTS = KINDS - 1 };
  /* All of them first: later on /proc is the sandbox's, in which we are not. */
  int theirs[KINDS], own[KINDS], their_user = open_namespace(pid, "user"), user = open_namespace("self", "user");
  for (size_t i = 0; i < KINDS; i++) {
    theirs[i] = open_namespace(pid, kinds[i].name);
    own[i] = open_namespace("self", kinds[i].name);
  }
  int owner = ioctl(theirs[MOUNTS], NS_GET_USERNS), joined = 0;
  if (owner >= 0 && join_namespace(owner, user, "user", CLONE_NEWUSER)) user = owner;
  for (size_t i = 0; i < KINDS; i++) joined += join_namespace(theirs[i], own[i], kinds[i].name, kinds[i].type);
  join_namespace(their_user, user, "user", CLONE_NEWUSER);
  errno = ESRCH;
  if (joined < 2) fail("find", "the sandbox of the dyno");
  die_with_parent();
}
