/* The command's output, on its way from its pipe or terminal to the spool, or to our parent; its input, the other way. */
#pragma once
#include "spool.h"

enum { CHUNK = 65536 };

struct stream {
  int from;
  int to; /* -1: the spool */
  bool ended, discards;
  char buffer[CHUNK];
  size_t start, length;
};
enum { OUT, ERR, IN, STREAMS };
static struct stream streams[STREAMS] = {{.from = -1, .to = -1}, {.from = -1, .to = -1, .ended = true}, {.from = -1, .to = -1, .ended = true}};
static int terminal = -1;

static void flush_stream(struct stream *s) {
  while (s->length > 0) {
    ssize_t n = write(s->to, s->buffer + s->start, s->length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) { /* nobody reads any more */
      if (s == &streams[IN]) s->discards = true;
      else s->ended = true;
      s->length = 0;
      return;
    }
    s->start += (size_t)n;
    s->length -= (size_t)n;
  }
  s->start = 0;
}

/* False when there is nothing to read now. */
static bool read_stream(struct stream *s) {
  if (s->ended || s->length > 0) return false;
  ssize_t n = read(s->from, s->buffer, CHUNK);
  if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) s->ended = true;
  if (n <= 0) return n < 0 && errno == EINTR;
  if (s->discards) return true;
  if (s->to < 0) spool_append(s->buffer, (size_t)n);
  else {
    s->length = (size_t)n;
    flush_stream(s);
  }
  return true;
}
