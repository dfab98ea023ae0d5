/* What to run, as it arrives on standard input. The other side: src/supervisor/job.ts. */
#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FIELDS = 16 };

struct field {
  char *bytes;
  uint32_t length;
};

static struct {
  struct field fields[MAX_FIELDS];
  size_t count;
  bool private_pids, has_terminal;
} job;
enum { FOLDER, UID, FLAGS, STEPS, INPUTS };

static bool read_exactly(int fd, void *into, size_t length) {
  for (size_t got = 0; got < length;) {
    ssize_t n = read(fd, (char *)into + got, length - got);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    got += (size_t)n;
  }
  return true;
}

static bool read_job(void) {
  uint32_t total;
  if (!read_exactly(0, &total, sizeof total) || total > 16u << 20) return false;
  char *all = calloc(1, (size_t)total + 1);
  if (!all || !read_exactly(0, all, total)) return false;
  /* A byte that every field but the last gives to its neighbour's length is overwritten after that was read: all end in NUL. */
  for (uint32_t at = 0; at < total && job.count < MAX_FIELDS; job.count++) {
    uint32_t length;
    if (total - at < sizeof length) return false;
    memcpy(&length, all + at, sizeof length);
    all[at] = '\0';
    at += sizeof length;
    if (length > total - at) return false;
    job.fields[job.count] = (struct field){all + at, length};
    at += length;
  }
  job.private_pids = job.count > FLAGS && strchr(job.fields[FLAGS].bytes, 'p');
  job.has_terminal = job.count > FLAGS && strchr(job.fields[FLAGS].bytes, 't');
  return job.count >= INPUTS;
}
