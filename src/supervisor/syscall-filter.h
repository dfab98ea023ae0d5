/*
 * What no app needs and what the kernel's worst holes were in: user namespaces below the command's own (in one, an ordinary
 * user has every capability), mounts, other namespaces, keyrings, which belong to no namespace and are shared by all dynos
 * of a user, programs in the kernel, modules, io_uring. A filter of system calls works for every user, and without any
 * namespace of ours. Tracing is allowed: debuggers need it, and it reaches no further than the user's own processes.
 */
#pragma once
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include "set-up.h"

enum { MAX_FORBIDDEN = 32 };

/* For programs of 64 and of 32 bits. Source: the kernel's system call tables; from 424 on they are the same in all. */
struct filtered_calls {
  uint32_t architecture, clone, unshare;
  /* Ends in 0. In this order: keyctl add_key request_key, bpf perf_event_open userfaultfd, mount umount2 pivot_root setns
     open_by_handle_at, kexec_load kexec_file_load init_module finit_module delete_module, acct swapon swapoff reboot
     syslog quotactl; of x86 alone: iopl ioperm. */
  uint16_t forbidden[MAX_FORBIDDEN];
};
#if defined(__x86_64__)
static const struct filtered_calls filtered[] = {
    {AUDIT_ARCH_X86_64, 56, 272, {250, 248, 249, 321, 298, 323, 165, 166, 155, 308, 304, 246,
                                  320, 175, 313, 176, 163, 167, 168, 169, 103, 179, 172, 173}},
    {AUDIT_ARCH_I386, 120, 310, {288, 286, 287, 357, 336, 374, 21, 52, 217, 346, 342, 283,
                                 128, 350, 129, 51, 87, 115, 88, 103, 131, 110, 101}}};
#elif defined(__aarch64__)
static const struct filtered_calls filtered[] = {
    {AUDIT_ARCH_AARCH64, 220, 97, {219, 217, 218, 280, 241, 282, 40, 39, 41, 268, 265, 104,
                                   294, 105, 273, 106, 89, 224, 225, 142, 116, 60}},
    {AUDIT_ARCH_ARM, 120, 337, {311, 309, 310, 386, 364, 388, 21, 52, 218, 375, 371, 347,
                                401, 128, 379, 129, 51, 87, 115, 88, 103, 131}}};
#else
#define NO_FILTER /* the probe finds that out */
#endif

#ifdef NO_FILTER
static void filter_system_calls(void) {}
#else
/* io_uring_setup, _enter, _register; open_tree, move_mount, fsopen, fsconfig, fsmount, fspick; mount_setattr; open_tree_attr */
static const uint16_t forbidden_everywhere[] = {425, 426, 427, 428, 429, 430, 431, 432, 433, 442, 467};
enum {
  CLONE3 = 435,
  X32_BIT = 0x40000000,
  ARCHITECTURES = sizeof filtered / sizeof *filtered,
  EVERYWHERE = sizeof forbidden_everywhere / sizeof *forbidden_everywhere,
  MAX_LENGTH = 11 + MAX_FORBIDDEN + EVERYWHERE,
};

#define LOAD(field) (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* The targets are places in the same part; a jump counts from the instruction after it. */
#define IF(comparison, value, then, otherwise) \
  (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_K | comparison, value, (uint8_t)((then) - at - 1), (uint8_t)((otherwise) - at - 1))
#define ANSWER(what) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, what)

/*
 * One architecture's part; returns its length. clone3 has its flags where a filter can not look, so it is not there; C
 * libraries then use clone.
 */
static int filter_part(const struct filtered_calls *calls, struct sock_filter *code) {
  int count = 0;
  while (count < MAX_FORBIDDEN && calls->forbidden[count]) count++;
  const int flags = 6 + count + EVERYWHERE, allow = flags + 2, absent = flags + 3, refuse = flags + 4, end = flags + 5;
  int at = 0;
#define ADD(instruction) code[at] = instruction, at++
  ADD(IF(BPF_JEQ, calls->architecture, 1, end));
  ADD(LOAD(nr));
  ADD(IF(BPF_JGE, X32_BIT, absent, 3));
  ADD(IF(BPF_JEQ, CLONE3, absent, 4));
  for (int i = 0; i < count; i++) ADD(IF(BPF_JEQ, calls->forbidden[i], refuse, at + 1));
  for (int i = 0; i < EVERYWHERE; i++) ADD(IF(BPF_JEQ, forbidden_everywhere[i], refuse, at + 1));
  ADD(IF(BPF_JEQ, calls->clone, flags, at + 1));
  ADD(IF(BPF_JEQ, calls->unshare, flags, allow));
  ADD(LOAD(args[0])); /* the low half, which holds all flags */
  ADD(IF(BPF_JSET, CLONE_NEWUSER, refuse, allow));
  ADD(ANSWER(SECCOMP_RET_ALLOW));
  ADD(ANSWER(SECCOMP_RET_ERRNO | ENOSYS));
  ADD(ANSWER(SECCOMP_RET_ERRNO | EPERM));
#undef ADD
  return at;
}

/* A kernel without filters is no failure: the probe looks at what can be done inside. */
static void filter_system_calls(void) {
  struct sock_filter code[1 + ARCHITECTURES * MAX_LENGTH + 1] = {LOAD(arch)};
  int length = 1;
  for (size_t i = 0; i < ARCHITECTURES; i++) length += filter_part(&filtered[i], &code[length]);
  code[length++] = ANSWER(SECCOMP_RET_ERRNO | ENOSYS);
  struct sock_fprog program = {.len = (unsigned short)length, .filter = code};
  /* Without slowing the command down for the sake of programs that run hostile code in themselves and filter it. */
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) < 0)
    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}
#endif
