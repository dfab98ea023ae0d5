/*
 * No user namespace below the command's own: in one, an ordinary user has every capability, and so reaches parts of the
 * kernel that only root should. A filter of system calls works for every user, and without any namespace of ours.
 */
#pragma once
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include "set-up.h"

/* For programs of 64 and of 32 bits. Source: the kernel's system call tables; clone3 has the same number in all of them. */
struct filtered_calls {
  uint32_t architecture, clone, unshare;
};
#if defined(__x86_64__)
static const struct filtered_calls filtered[] = {{AUDIT_ARCH_X86_64, 56, 272}, {AUDIT_ARCH_I386, 120, 310}};
#elif defined(__aarch64__)
static const struct filtered_calls filtered[] = {{AUDIT_ARCH_AARCH64, 220, 97}, {AUDIT_ARCH_ARM, 120, 337}};
#else
#define NO_FILTER /* the probe finds that out */
#endif

#ifdef NO_FILTER
static void forbid_user_namespaces(void) {}
#else
enum { CLONE3 = 435, X32_BIT = 0x40000000, ARCHITECTURES = sizeof filtered / sizeof *filtered, LENGTH = 11 };

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF(comparison, value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_K | comparison, value, then, otherwise)
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, what)

/*
 * clone3 has its flags where a filter can not look, so it is not there; C libraries then use clone. A kernel without
 * filters is no failure: the probe looks at what can be done inside.
 */
static void forbid_user_namespaces(void) {
  struct sock_filter code[1 + ARCHITECTURES * LENGTH + 1] = {LOAD(arch)};
  for (size_t i = 0; i < ARCHITECTURES; i++) {
    const struct sock_filter part[LENGTH] = {
        IF(BPF_JEQ, filtered[i].architecture, 0, LENGTH - 1),
        LOAD(nr),
        IF(BPF_JEQ, CLONE3, 6, 0),
        IF(BPF_JGE, X32_BIT, 5, 0),
        IF(BPF_JEQ, filtered[i].clone, 1, 0),
        IF(BPF_JEQ, filtered[i].unshare, 0, 2),
        LOAD(args[0]), /* the low half, which holds all flags */
        IF(BPF_JSET, CLONE_NEWUSER, 2, 0),
        ANSWER(SECCOMP_RET_ALLOW),
        ANSWER(SECCOMP_RET_ERRNO | ENOSYS),
        ANSWER(SECCOMP_RET_ERRNO | EPERM),
    };
    memcpy(&code[1 + i * LENGTH], part, sizeof part);
  }
  code[1 + ARCHITECTURES * LENGTH] = (struct sock_filter)ANSWER(SECCOMP_RET_ERRNO | ENOSYS);
  struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
  /* Without slowing the command down for the sake of programs that run hostile code in themselves and filter it. */
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) < 0)
    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}
#endif
