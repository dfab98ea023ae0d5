/* A connection to a port on the loopback of another network namespace: our input goes there, what comes back is our output. */
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include "terminal.h"

static void copy_to_end(int from, int to) {
  char buffer[65536];
  for (ssize_t n; (n = read(from, buffer, sizeof buffer)) > 0;)
    for (ssize_t done = 0, m; done < n; done += m)
      if ((m = write(to, buffer + done, (size_t)(n - done))) < 0) return;
}

/* `pid`: of a process in that namespace. Ends when the other side has ended. */
static int relay(const char *pid, int port) {
  die_with_parent();
  signal(SIGPIPE, SIG_IGN);
  int theirs = open_namespace(pid, "net");
  join_namespace(theirs, open_namespace("self", "net"), "the network", CLONE_NEWNET);
  int target = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (target < 0 || connect(target, (struct sockaddr *)&address, sizeof address) < 0) fail("connect to", "the port");
  pid_t sender = fork();
  if (sender < 0) fail("start", "the sender");
  if (sender == 0) {
    die_with_parent();
    copy_to_end(0, target);
    shutdown(target, SHUT_WR);
    _exit(0);
  }
  close(0);
  copy_to_end(target, 1);
  kill(sender, SIGKILL);
  return 0;
}
