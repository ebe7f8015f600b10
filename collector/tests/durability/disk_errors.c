/* Preloaded into a process, it makes the disk fail. The file $DISK_ERRORS holds one line, read at each operation:
   "ERRNO OPERATIONS PATH", such as "28 write,sync /store/"; an empty file is a disk that works. Operations on files whose
   path contains PATH fail with ERRNO: `write` (also what makes, cuts, renames and removes files), `sync`, `read`. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define ORIGINAL(type, name, ...) static type (*original)(__VA_ARGS__); if (!original) original = dlsym(RTLD_NEXT, name)

static int fails(const char *operation, const char *path) {
    ORIGINAL(int, "open", const char *, int, ...);
    static ssize_t (*original_read)(int, void *, size_t);
    if (!original_read) original_read = dlsym(RTLD_NEXT, "read");
    char line[512], operations[64], part[256];
    int number, kept = errno, file = original(getenv("DISK_ERRORS"), O_RDONLY | O_CLOEXEC);
    if (file < 0) abort();
    ssize_t length = original_read(file, line, sizeof line - 1);
    close(file);
    errno = kept;
    line[length < 0 ? 0 : length] = 0;
    if (sscanf(line, "%d %63s %255s", &number, operations, part) != 3) return 0;
    if (!strstr(operations, operation) || !strstr(path, part)) return 0;
    errno = number;
    return 1;
}

static int fails_at(const char *operation, int descriptor) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    int kept = errno;
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = kept;
    if (length <= 0) return 0;
    path[length] = 0;
    return path[0] == '/' && fails(operation, path);
}

static int fails_in(const char *operation, int directory, const char *name) {
    char resolved[4096];
    if (directory == AT_FDCWD || name[0] == '/') {
        if (strncmp(name, "/proc/self/fd/", 14)) return fails(operation, name);
        /* The engine names files through a descriptor of their directory. */
        char link[64];
        const char *rest = strchr(name + 14, '/');
        if (!rest) return 0;
        snprintf(link, sizeof link, "%.*s", (int)(rest - name), name);
        ssize_t length = readlink(link, resolved, sizeof resolved - 1);
        if (length <= 0) return 0;
        snprintf(resolved + length, sizeof resolved - length, "%s", rest);
        return fails(operation, resolved);
    }
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    ssize_t length = readlink(link, resolved, sizeof resolved - 1);
    if (length <= 0) return 0;
    snprintf(resolved + length, sizeof resolved - length, "/%s", name);
    return fails(operation, resolved);
}

static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)); }

#define OPEN(name)                                                                  \
    int name(const char *path, int flags, ...) {                                    \
        ORIGINAL(int, #name, const char *, int, ...);                               \
        va_list more;                                                               \
        va_start(more, flags);                                                      \
        mode_t mode = va_arg(more, mode_t);                                         \
        va_end(more);                                                               \
        if (writes(flags) && fails_in("write", AT_FDCWD, path)) return -1;          \
        return original(path, flags, mode);                                         \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                \
    int name(int directory, const char *path, int flags, ...) {                     \
        ORIGINAL(int, #name, int, const char *, int, ...);                          \
        va_list more;                                                               \
        va_start(more, flags);                                                      \
        mode_t mode = va_arg(more, mode_t);                                         \
        va_end(more);                                                               \
        if (writes(flags) && fails_in("write", directory, path)) return -1;         \
        return original(directory, path, flags, mode);                              \
    }
OPENAT(openat)
OPENAT(openat64)

#define ON_FILE(type, name, operation, parameters, arguments)                       \
    type name parameters {                                                          \
        static type (*original) parameters;                                         \
        if (!original) original = dlsym(RTLD_NEXT, #name);                          \
        if (fails_at(operation, file)) return -1;                                   \
        return original arguments;                                                  \
    }
ON_FILE(ssize_t, write, "write", (int file, const void *from, size_t size), (file, from, size))
ON_FILE(ssize_t, pwrite, "write", (int file, const void *from, size_t size, off_t at), (file, from, size, at))
ON_FILE(ssize_t, pwrite64, "write", (int file, const void *from, size_t size, off64_t at), (file, from, size, at))
ON_FILE(ssize_t, writev, "write", (int file, const struct iovec *from, int number), (file, from, number))
ON_FILE(ssize_t, read, "read", (int file, void *into, size_t size), (file, into, size))
ON_FILE(ssize_t, pread, "read", (int file, void *into, size_t size, off_t at), (file, into, size, at))
ON_FILE(ssize_t, pread64, "read", (int file, void *into, size_t size, off64_t at), (file, into, size, at))
ON_FILE(int, fsync, "sync", (int file), (file))
ON_FILE(int, fdatasync, "sync", (int file), (file))
ON_FILE(int, ftruncate, "write", (int file, off_t size), (file, size))
ON_FILE(int, ftruncate64, "write", (int file, off64_t size), (file, size))

#define ON_PATH(name, parameters, arguments, directory, path)                       \
    int name parameters {                                                           \
        static int (*original) parameters;                                          \
        if (!original) original = dlsym(RTLD_NEXT, #name);                          \
        if (fails_in("write", directory, path)) return -1;                          \
        return original arguments;                                                  \
    }
ON_PATH(rename, (const char *from, const char *to), (from, to), AT_FDCWD, to)
ON_PATH(renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), b, to)
ON_PATH(unlink, (const char *path), (path), AT_FDCWD, path)
ON_PATH(unlinkat, (int a, const char *path, int flags), (a, path, flags), a, path)
ON_PATH(mkdir, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)
ON_PATH(mkdirat, (int a, const char *path, mode_t mode), (a, path, mode), a, path)
