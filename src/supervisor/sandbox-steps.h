/*
 * What a child does between fork and exec: a list of steps, each a word and its arguments, made by the TypeScript side.
 * Any failure ends the child with 125 and one line on standard error, which is the dyno's log or the build's output.
 */
#pragma once
#include <grp.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "process-tree.h"

enum { SELF_FD = 3, STATUS_FD = 4, FIRST_INPUT_FD = 5 };

/* Not in the headers of every glibc that we build on. */
struct mount_attributes {
  uint64_t set, clear, propagation, userns;
};
enum { ATTR_RDONLY = 1, ATTR_NOSUID = 2, ATTR_NODEV = 4, TREE_CLONE = 1, TREE_RECURSIVE = 0x8000, EMPTY_PATH = 0x1000 };

struct steps {
  char *at, *end;
  bool has_inputs;
  char **env;
  size_t env_count;
};

static _Noreturn void fail(const char *what, const char *which) {
  dprintf(2, "hokku: could not %s %s: %s\n", what, which, strerror(errno));
  _exit(125);
}

static char *next_word(struct steps *steps) {
  if (steps->at >= steps->end) {
    errno = EPROTO;
    fail("read", "the next step");
  }
  char *word = steps->at;
  steps->at += strlen(word) + 1;
  return word;
}

static void die_with_parent(void) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) fail("set", "the parent death signal");
}

#include "terminal.h"

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) fail("write", path);
  close(fd);
}

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

static int shell_status(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

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

static void copy_folder(char *from, char *to) {
  char *source;
  if (asprintf(&source, "%s/.", from) < 0) fail("copy", from);
  pid_t child = fork();
  if (child == 0) {
    char *none[] = {NULL};
    execve("/bin/cp", (char *[]){"cp", "-a", "--reflink=auto", "--", source, to, NULL}, none);
    _exit(127);
  }
  int status = 1;
  if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
    errno = EIO;
    fail("copy", from);
  }
  free(source);
}

static void append_escaped(char *into, const char *name, const char *path) {
  char *end = stpcpy(into + strlen(into), name);
  for (; *path; path++) {
    if (strchr("\\,:", *path)) *end++ = '\\';
    *end++ = *path;
  }
  *end = '\0';
}

/* Mounted over `upper` itself, so that the next steps find the app there either way: overlay, or a copy where that fails. */
static void mount_overlay(char *lower, char *upper, char *work) {
  char *options = malloc(2 * (strlen(lower) + strlen(upper) + strlen(work)) + 64);
  if (!options) fail("mount", upper);
  *options = '\0';
  append_escaped(options, "lowerdir=", lower);
  append_escaped(options, ",upperdir=", upper);
  append_escaped(options, ",workdir=", work);
  if (geteuid() != 0) strcat(options, ",userxattr");
  if (mount("overlay", upper, "overlay", MS_NOSUID | MS_NODEV, options) < 0) copy_folder(lower, upper);
  free(options);
}

/* A new root on tmpfs at /newroot; the host's stays reachable at /oldroot until `enter-root`. */
static void begin_root(void) {
  if (mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0) fail("mount", "the new root");
  if (mkdir("/tmp/newroot", 0755) < 0 || mkdir("/tmp/oldroot", 0755) < 0) fail("make", "the new root");
  if (syscall(SYS_pivot_root, "/tmp", "/tmp/oldroot") < 0 || chdir("/") < 0) fail("change", "the root");
  if (mount("tmpfs", "/newroot", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0) fail("mount", "the new root");
}

static void end_root(void) {
  if (chdir("/newroot") < 0 || syscall(SYS_pivot_root, ".", ".") < 0) fail("enter", "the new root");
  if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) fail("leave", "the old root");
  struct mount_attributes read_only = {.set = ATTR_RDONLY};
  if (syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &read_only, sizeof read_only) < 0) fail("protect", "the new root");
}

/* Makes `path` below /newroot, following no symbolic link of the app's, and opens it. */
static int open_target(const char *path, bool folder) {
  int fd = open("/newroot", O_PATH | O_DIRECTORY | O_CLOEXEC);
  char *copy = strdup(path), *rest = copy;
  for (char *name; fd >= 0 && (name = strsep(&rest, "/"));) {
    if (!*name) continue;
    bool last = !rest || !*rest;
    if (!last || folder) mkdirat(fd, name, 0755);
    else close(openat(fd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
    int inner = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | (!last || folder ? O_DIRECTORY : 0));
    close(fd);
    fd = inner;
  }
  if (fd < 0) fail("make", path);
  free(copy);
  return fd;
}

static void attach(int source, const char *target, uint64_t attributes) {
  struct stat info;
  if (fstat(source, &info) < 0) fail("look at", target);
  int tree = syscall(SYS_open_tree, source, "", TREE_CLONE | TREE_RECURSIVE | EMPTY_PATH | O_CLOEXEC);
  if (tree < 0) fail("open", target);
  struct mount_attributes set = {.set = attributes};
  if (syscall(SYS_mount_setattr, tree, "", EMPTY_PATH | TREE_RECURSIVE, &set, sizeof set) < 0) fail("protect", target);
  int place = open_target(target, S_ISDIR(info.st_mode));
  if (syscall(SYS_move_mount, tree, "", place, "", 0x4 | 0x40 /* both by descriptor */) < 0) fail("mount", target);
  close(place);
  close(tree);
  close(source);
}

static void bind_mount(char *source, char *target, uint64_t attributes) {
  int host = open("/oldroot", O_PATH | O_DIRECTORY | O_CLOEXEC);
  struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
  int fd = syscall(SYS_openat2, host, source, &how, sizeof how);
  if (fd < 0) fail("open", source);
  attach(fd, target, attributes);
  close(host);
}

/* The content is kept on the root that only the set-up sees. */
static void bind_text(char *target, char *text) {
  int fd = open("/text", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) fail("write", target);
  close(fd);
  attach(open("/text", O_PATH | O_CLOEXEC), target, ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV);
  unlink("/text");
}

static void mount_fresh(const char *type, const char *target, const char *options) {
  char path[4200];
  close(open_target(target, true));
  snprintf(path, sizeof path, "/newroot%s", target);
  if (mount(type, path, type, MS_NOSUID | (strcmp(type, "devpts") ? MS_NODEV : 0), options) < 0) fail("mount", target);
}

static void link_in_root(const char *to, const char *target) {
  char path[4200];
  snprintf(path, sizeof path, "/newroot%s", target);
  if (symlink(to, path) < 0) fail("link", target);
}

static void make_devices(void) {
  static const char *const nodes[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};
  mount_fresh("tmpfs", "/dev", "mode=0755");
  for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) bind_mount((char *)nodes[i], (char *)nodes[i], ATTR_NOSUID);
  mount_fresh("devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=620");
  mount_fresh("tmpfs", "/dev/shm", "mode=1777");
  link_in_root("pts/ptmx", "/dev/ptmx");
  link_in_root("/proc/self/fd", "/dev/fd");
  link_in_root("/proc/self/fd/0", "/dev/stdin");
  link_in_root("/proc/self/fd/1", "/dev/stdout");
  link_in_root("/proc/self/fd/2", "/dev/stderr");
}

/* From here on an ordinary user without any capability; uid 0: stays who it is. */
static void give_up_rights(uid_t uid) {
  for (int cap = 0; cap < 64; cap++) prctl(PR_CAPBSET_DROP, cap); /* fails for unknown ones, and without the right to */
  if (uid != 0 && geteuid() == 0)
    if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
      fail("become", "the app's user");
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {0};
  if (syscall(SYS_capset, &header, none) < 0) fail("give up", "capabilities");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) fail("give up", "new privileges");
  die_with_parent(); /* changing the user has unset it */
}

/* Never above what the platform itself may have: raising it would need a right that it may lack. */
static void limit(int resource, rlim_t wanted) {
  struct rlimit now;
  if (getrlimit(resource, &now) < 0) return;
  if (now.rlim_max < wanted) wanted = now.rlim_max;
  setrlimit(resource, &(struct rlimit){wanted, wanted});
}

static _Noreturn void execute(struct steps *steps, char *file) {
  size_t count = 1;
  for (char *p = steps->at; p < steps->end; p += strlen(p) + 1) count++;
  char **argv = calloc(count + 1, sizeof *argv);
  if (!argv) fail("run", file);
  argv[0] = file;
  for (size_t i = 1; i < count; i++) argv[i] = next_word(steps);
  if (!steps->has_inputs) syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
  if (steps->env) environ = steps->env;
  else clearenv();
  execvp(file, argv);
  dprintf(2, "hokku: could not run %s: %s\n", file, strerror(errno));
  _exit(errno == ENOENT ? 127 : 126);
}

static void add_env(struct steps *steps, char *pair) {
  char **more = realloc(steps->env, (steps->env_count + 2) * sizeof *more);
  if (!more) fail("keep", "the environment");
  steps->env = more;
  steps->env[steps->env_count++] = pair;
  steps->env[steps->env_count] = NULL;
}

static _Noreturn void follow(struct steps *steps) {
  enum { PROTECTED = ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV };
  for (;;) {
    char *step = next_word(steps);
#define IS(name) (strcmp(step, name) == 0)
#define ARG next_word(steps)
    if (IS("namespaces")) {
      enter_namespaces(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS);
      fork_into_pid_namespace();
    } else if (IS("mount-namespace")) enter_namespaces(CLONE_NEWNS);
    else if (IS("overlay")) {
      char *lower = ARG, *upper = ARG;
      mount_overlay(lower, upper, ARG);
    } else if (IS("copy")) {
      char *from = ARG;
      copy_folder(from, ARG);
    } else if (IS("begin-root")) begin_root();
    else if (IS("bind-ro") || IS("bind-rw")) {
      char *source = ARG;
      bind_mount(source, ARG, IS("bind-ro") ? PROTECTED : ATTR_NOSUID | ATTR_NODEV);
    } else if (IS("text")) {
      char *target = ARG;
      bind_text(target, ARG);
    } else if (IS("link")) {
      char *to = ARG;
      link_in_root(to, ARG);
    } else if (IS("tmpfs")) {
      char *target = ARG;
      mount_fresh("tmpfs", target, ARG);
    } else if (IS("proc")) mount_fresh("proc", "/proc", NULL);
    else if (IS("devices")) make_devices();
    else if (IS("end-root")) end_root();
    else if (IS("hostname")) {
      char *name = ARG;
      if (sethostname(name, strlen(name)) < 0) fail("set", "the host name");
    } else if (IS("open-files")) limit(RLIMIT_NOFILE, strtoul(ARG, NULL, 10));
    else if (IS("processes")) limit(RLIMIT_NPROC, strtoul(ARG, NULL, 10));
    else if (IS("user")) give_up_rights(strtoul(ARG, NULL, 10));
    else if (IS("init")) fork_from_init();
    else if (IS("join")) {
      join_sandbox(ARG);
      fork_into_pid_namespace();
    } else if (IS("terminal")) {
      unsigned short columns = (unsigned short)strtoul(ARG, NULL, 10);
      make_terminal(columns, (unsigned short)strtoul(ARG, NULL, 10));
    }
    else if (IS("cwd")) {
      char *dir = ARG;
      if (chdir(dir) < 0) fail("enter", dir);
    } else if (IS("env")) add_env(steps, ARG);
    else if (IS("exec")) execute(steps, ARG);
    else {
      errno = EPROTO;
      fail("follow", step);
    }
  }
}
