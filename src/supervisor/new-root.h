/* The file system that a command sees, put together from the host's. */
#pragma once
#include <linux/openat2.h>
#include <sys/mount.h>
#include "set-up.h"

/* Not in the headers of every glibc that we build on. */
struct mount_attributes {
  uint64_t set, clear, propagation, userns;
};
enum { ATTR_RDONLY = 1, ATTR_NOSUID = 2, ATTR_NODEV = 4, TREE_CLONE = 1, TREE_RECURSIVE = 0x8000, EMPTY_PATH = 0x1000 };

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
