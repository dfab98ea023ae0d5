/* Finding and signalling every process below this one. As the supervisor is a subreaper, nothing can leave its tree. */
#pragma once
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct process {
  pid_t pid, parent, group;
  bool ours;
};

static size_t read_small_file(const char *path, char *into, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t got = read(fd, into, size - 1);
  close(fd);
  into[got > 0 ? got : 0] = '\0';
  return got > 0 ? (size_t)got : 0;
}

/* The caller frees the list. Processes that come or go during the reading may be missed: callers repeat. */
static size_t list_descendants(struct process **list) {
  size_t count = 0, room = 0;
  *list = NULL;
  DIR *proc = opendir("/proc");
  if (!proc) return 0;
  for (struct dirent *entry; (entry = readdir(proc));) {
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    char path[64], stat[512];
    snprintf(path, sizeof path, "/proc/%.20s/stat", entry->d_name);
    if (!read_small_file(path, stat, sizeof stat)) continue;
    char *after_name = strrchr(stat, ')'); /* the name may hold spaces and brackets */
    struct process p = {.pid = atoi(entry->d_name)};
    if (!after_name || sscanf(after_name + 1, " %*c %d %d", &p.parent, &p.group) != 2) continue;
    if (count == room) {
      struct process *more = realloc(*list, (room = room ? room * 2 : 256) * sizeof p);
      if (!more) break;
      *list = more;
    }
    (*list)[count++] = p;
  }
  closedir(proc);

  pid_t self = getpid();
  for (bool grew = true; grew;) {
    grew = false;
    for (size_t i = 0; i < count; i++) {
      struct process *p = &(*list)[i];
      if (p->ours) continue;
      bool ours = p->parent == self;
      for (size_t j = 0; !ours && j < count; j++) ours = (*list)[j].ours && (*list)[j].pid == p->parent;
      if (ours) p->ours = grew = true;
    }
  }
  size_t kept = 0;
  for (size_t i = 0; i < count; i++)
    if ((*list)[i].ours) (*list)[kept++] = (*list)[i];
  return kept;
}

/* A process of the app itself, neither a wrapper outside of the pid namespace nor its first process. */
static bool is_inside(pid_t pid) {
  char path[64], status[4096];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  if (!read_small_file(path, status, sizeof status)) return false;
  char *ns = strstr(status, "\nNSpid:");
  int outer, inner;
  return ns && sscanf(ns, "\nNSpid: %d %d", &outer, &inner) == 2 && inner != 1;
}

/* A signal to every process of the app; returns how many there were. */
static int signal_tree(int signal, bool private_pids) {
  struct process *list;
  size_t count = list_descendants(&list);
  int signalled = 0;
  for (size_t i = 0; i < count; i++)
    if ((!private_pids || is_inside(list[i].pid)) && kill(list[i].pid, signal) == 0) signalled++;
  free(list);
  return signalled;
}

/*
 * SIGKILL to everything below, again and again until nothing is left, because some of it may be forking meanwhile.
 * Killing by group is atomic against forks. Statuses are handed to `on_exit`. Gives up after ten seconds (a process in
 * uninterruptible sleep); false then.
 */
static bool kill_tree(void (*on_exit)(pid_t, int)) {
  for (int pass = 0; pass < 5000; pass++) {
    struct process *list;
    size_t count = list_descendants(&list);
    for (size_t i = 0; i < count; i++) {
      if (list[i].group > 1 && list[i].group != getpgrp()) kill(-list[i].group, SIGKILL);
      kill(list[i].pid, SIGKILL);
    }
    free(list);
    pid_t pid;
    int status;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) on_exit(pid, status);
    if (pid < 0 && errno == ECHILD) return true;
    nanosleep(&(struct timespec){.tv_nsec = pass < 20 ? 200000 : 2000000}, NULL);
  }
  return false;
}
