/* What the sandbox tells the supervisor: the terminal that its main process has made, and at the end the true status. */
#pragma once
#include "job.h"
#include "streams.h"
#include "terminal.h"

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
