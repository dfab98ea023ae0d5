/* What a child does between fork and exec: a list of steps, each a word and its arguments, made by the TypeScript side. */
#pragma once
#include "namespaces.h"
#include "image.h"
#include "network.h"
#include "new-root.h"
#include "rights.h"
#include "terminal.h"

struct steps {
  char *at, *end;
  bool has_inputs;
  char **env;
  size_t env_count;
};

static char *next_word(struct steps *steps) {
  if (steps->at >= steps->end) {
    errno = EPROTO;
    fail("read", "the next step");
  }
  char *word = steps->at;
  steps->at += strlen(word) + 1;
  return word;
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
    } else if (IS("group")) write_file(ARG, "0");
    else if (IS("network")) {
      char *ip = ARG, *outside = ARG, *inside = ARG, *nft = ARG;
      make_network(ip, outside, inside, nft, ARG);
    }
    else if (IS("mount-namespace")) enter_namespaces(CLONE_NEWNS);
    else if (IS("disk")) {
      char *image = ARG, *dir = ARG;
      make_disk(image, dir, (uid_t)strtoul(ARG, NULL, 10));
    } else if (IS("overlay")) {
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
    else if (IS("file-size")) limit(RLIMIT_FSIZE, strtoul(ARG, NULL, 10));
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
