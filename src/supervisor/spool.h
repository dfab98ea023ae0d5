/* The output of a dyno on disk: a ring of files, each a row of records. The other side: src/supervisor/spool-reader.ts. */
#pragma once
#include <sys/uio.h>
#include "set-up.h"

enum { SEGMENT_BYTES = 1 << 20, SEGMENTS = 8, LINE_BYTES = 10000 };

static uint64_t micros(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct record {
  uint64_t at_micros;
  uint64_t lines;      /* ended before this record */
  uint32_t unfinished; /* bytes of the line that goes on in this record */
  uint32_t length;
};

static struct {
  int folder, file;
  uint64_t segment, size, lines;
  uint32_t unfinished;
} spool = {.folder = -1, .file = -1};

static void segment_name(char *into, size_t size, uint64_t number) {
  snprintf(into, size, "%010llu.log", (unsigned long long)number);
}

static void next_segment(void) {
  char name[40];
  segment_name(name, sizeof name, spool.segment + 1);
  int file = openat(spool.folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return; /* a full disk: go on with the old one if it has room, else drop */
  if (spool.file >= 0) close(spool.file);
  spool.file = file;
  spool.size = 0;
  if (++spool.segment > SEGMENTS) {
    segment_name(name, sizeof name, spool.segment - SEGMENTS);
    unlinkat(spool.folder, name, 0);
  }
}

/* A line ends at LF, or when it has 10,000 bytes and still goes on: the same rule as in src/supervisor/spool-reader.ts. */
static void count_lines(const char *bytes, size_t length) {
  for (const char *at = bytes, *end = bytes + length; at < end;) {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    size_t part = (size_t)((stop ? stop : end) - at);
    uint64_t run = spool.unfinished + part;
    if (run > LINE_BYTES) {
      spool.lines += (run - 1) / LINE_BYTES;
      run = (run - 1) % LINE_BYTES + 1;
    }
    spool.unfinished = (uint32_t)run;
    if (!stop) return;
    spool.lines++;
    spool.unfinished = 0;
    at = stop + 1;
  }
}

/* What can not be written is lost, but counted: the next record's `lines` tells. */
static void spool_append(char *bytes, size_t length) {
  if (spool.file < 0 || spool.size >= SEGMENT_BYTES) next_segment();
  if (spool.file >= 0 && spool.size < SEGMENT_BYTES) {
    struct record head = {micros(CLOCK_REALTIME), spool.lines, spool.unfinished, (uint32_t)length};
    struct iovec parts[] = {{&head, sizeof head}, {bytes, length}};
    if (pwritev(spool.file, parts, 2, (off_t)spool.size) == (ssize_t)(sizeof head + length)) spool.size += sizeof head + length;
    else if (ftruncate(spool.file, (off_t)spool.size) < 0) spool.size = SEGMENT_BYTES; /* not to be trusted any more */
  }
  count_lines(bytes, length);
}

/* Space for the status is taken at the start, so that a disk that is full at the end does no harm. */
static void save_exit(const char *name, int status, uint64_t at) {
  char text[120];
  int length = snprintf(text, sizeof text, "%3d %2d %20llu %20llu\n", shell_status(status), WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                        (unsigned long long)at, (unsigned long long)(spool.lines + (spool.unfinished > 0)));
  int fd = openat(spool.folder, "exit.new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || pwrite(fd, text, (size_t)length, 0) != length) _exit(1);
  close(fd);
  if (name && renameat(spool.folder, "exit.new", spool.folder, name) < 0) _exit(1);
}
