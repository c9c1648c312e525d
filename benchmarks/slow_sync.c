/* A slow disk, for whatever is started with this in LD_PRELOAD: fdatasync and fsync take 4 ms longer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static const struct timespec longer = {.tv_sec = 0, .tv_nsec = 4000000};

static int slowly(const char *name, int file) {
    int (*sync)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int outcome = sync(file);
    nanosleep(&longer, NULL);
    return outcome;
}

int fdatasync(int file) { return slowly("fdatasync", file); }

int fsync(int file) { return slowly("fsync", file); }
