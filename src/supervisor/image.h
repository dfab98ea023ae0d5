/* The file system in a file that bounds what a dyno can write. */
#pragma once
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include "set-up.h"

#ifdef LOOP_CONFIGURE
/* A descriptor of a block device that shows the file `image`, and vanishes with its last mount; -1: none can be had. */
static int open_loop_device(const char *image, char path[32]) {
  int file = open(image, O_RDWR | O_CLOEXEC), control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), device = -1;
  /* Another dyno may take the one that we were told is free. */
  for (int tries = 0; file >= 0 && control >= 0 && device < 0 && tries < 64; tries++) {
    int number = ioctl(control, LOOP_CTL_GET_FREE);
    if (number < 0) break;
    snprintf(path, 32, "/dev/loop%d", number);
    device = open(path, O_RDWR | O_CLOEXEC);
    if (device < 0) break;
    struct loop_config config = {.fd = (uint32_t)file, .info = {.lo_flags = LO_FLAGS_AUTOCLEAR}};
    if (ioctl(device, LOOP_CONFIGURE, &config) == 0) continue;
    bool taken = errno == EBUSY;
    close(device);
    device = -1;
    if (!taken) break;
  }
  if (file >= 0) close(file);
  if (control >= 0) close(control);
  return device;
}
#else /* kernel headers before 5.8: an older way could leave a device behind when we are killed */
static int open_loop_device(const char *image, char path[32]) { return (void)image, (void)path, -1; }
#endif

static void make_in(const char *dir, const char *name, mode_t mode, uid_t owner) {
  char path[4200];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  if (mkdir(path, 0700) < 0 || chmod(path, mode) < 0) fail("make", path);
  if (geteuid() == 0 && chown(path, owner, owner) < 0) fail("give away", path);
}

/* Without the mount, which the platform can tell by the size, the folder itself is used; who watches it bounds it then. */
static void make_disk(const char *image, const char *dir, uid_t owner) {
  char path[32];
  int device = open_loop_device(image, path);
  /* What is removed inside is given back outside. The tables need no zeros: a new file has none but these. */
  if (device >= 0) mount(path, dir, "ext4", MS_NOSUID | MS_NODEV, "noinit_itable,discard");
  if (device >= 0) close(device);
  make_in(dir, "upper", 0755, owner);
  make_in(dir, "work", 0700, 0);
  make_in(dir, "tmp", 01777, owner);
}
