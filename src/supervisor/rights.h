/* What the command may do: its user, its capabilities, its limits. */
#pragma once
#include <grp.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include "syscall-filter.h"

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
  filter_system_calls();
  die_with_parent(); /* changing the user has unset it */
}

/* Never above what the platform itself may have: raising it would need a right that it may lack. */
static void limit(int resource, rlim_t wanted) {
  struct rlimit now;
  if (getrlimit(resource, &now) < 0) return;
  if (now.rlim_max < wanted) wanted = now.rlim_max;
  setrlimit(resource, &(struct rlimit){wanted, wanted});
}
