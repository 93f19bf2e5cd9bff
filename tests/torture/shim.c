/*
 * Stands between a program and its files (LD_PRELOAD) and looks at every operation on paths in one directory.
 *
 * It fails, shortens or corrupts the n-th of them, or records them all for a replay of power cuts, or leaves
 * syncs out, so that a harness can show that it would notice. Environment variables say which:
 *
 *   TORTURE_DIR      the directory, an absolute path; operations elsewhere are none of its business
 *   TORTURE_AT       number of the operation that fails, from 1 on
 *   TORTURE_ERRNO    the error that it gets
 *   TORTURE_HOW      once | persistent (all later ones, too) | short (half of a write is done)
 *                    | flip (one bit of what is read)
 *   TORTURE_KINDS    letters of the kinds that count, see below
 *   TORTURE_HITS     a file that gets one line for each operation that was failed
 *   TORTURE_LOG      a file that gets every operation that changed something, see `record`
 *   TORTURE_SWALLOW  letters of the syncs that are left out though the program is told that they are done:
 *                    d = fdatasync, f = fsync of a file, D = fsync of a directory
 *
 * Kinds: c create, o open, w write, t truncate, s sync, r rename, u unlink, l link, R read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* One at a time, so that the record has the order in which things happened. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int operations;

static const char *setting(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

static int append_to(const char *name) {
    const char *path = setting(name);
    return *path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
}

static int is_inside(const char *path) {
    const char *directory = setting("TORTURE_DIR");
    size_t length = strlen(directory);
    return length && !strncmp(path, directory, length) && (path[length] == '/' || !path[length]);
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_inside(path);
}

/* The absolute form of a path, as far as this program's paths need it. */
static int absolute(int at, const char *path, char *whole) {
    while (!strncmp(path, "./", 2)) path += 2;
    char base[PATH_MAX] = "";
    if (*path != '/') {
        if (at == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) return 0;
        } else {
            path_of(at, base);
        }
        strncat(base, "/", sizeof base - strlen(base) - 1);
    }
    if (!strcmp(path, ".")) path = "";
    snprintf(whole, PATH_MAX, "%.2000s%.2000s", base, path);
    size_t length = strlen(whole);
    if (length > 1 && whole[length - 1] == '/') whole[length - 1] = 0;
    return is_inside(whole);
}

static uint64_t inode_of(int fd) {
    struct stat status;
    return fstat(fd, &status) ? 0 : status.st_ino;
}

/* Whether this operation is one that has to fail. */
static int fails(char kind, const char *path) {
    int at = atoi(setting("TORTURE_AT"));
    if (!at || !strchr(setting("TORTURE_KINDS"), kind)) return 0;
    operations++;
    int persistent = !strcmp(setting("TORTURE_HOW"), "persistent");
    if (operations != at && !(persistent && operations > at)) return 0;
    int hits = append_to("TORTURE_HITS");
    if (hits >= 0) {
        dprintf(hits, "%c %s\n", kind, path);
        syscall(SYS_close, hits);
    }
    errno = atoi(setting("TORTURE_ERRNO"));
    return 1;
}

static int how(const char *what) { return !strcmp(setting("TORTURE_HOW"), what); }

/* Five numbers (kind, inode, offset, bytes of path, bytes of data), the path, the data. */
static void record(char kind, uint64_t inode, uint64_t offset, const char *path, const void *data, size_t bytes) {
    static int log = -1;
    if (log < 0) log = append_to("TORTURE_LOG");
    if (log < 0) return;
    uint64_t head[5] = {(uint64_t)kind, inode, offset, strlen(path), bytes};
    struct iovec parts[3] = {{head, sizeof head}, {(void *)path, strlen(path)}, {(void *)data, bytes}};
    if (syscall(SYS_writev, log, parts, 3) != (long)(sizeof head + head[3] + bytes)) abort();
}

static int open_at(int at, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    if (!absolute(at, path, whole)) return (int)syscall(SYS_openat, at, path, flags, mode);
    pthread_mutex_lock(&lock);
    int existed = !syscall(SYS_faccessat, AT_FDCWD, whole, F_OK);
    int fd = -1;
    if (!fails(flags & O_CREAT ? 'c' : 'o', whole)) {
        fd = (int)syscall(SYS_openat, at, path, flags, mode);
        if (fd >= 0 && !existed) record('c', inode_of(fd), 0, whole, "", 0);
        if (fd >= 0 && existed && flags & O_TRUNC) record('t', inode_of(fd), 0, whole, "", 0);
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

static mode_t mode_of(int flags, va_list arguments) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name, before, at)                          \
    int name(before const char *path, int flags, ...) { \
        va_list arguments;                              \
        va_start(arguments, flags);                     \
        mode_t mode = mode_of(flags, arguments);        \
        va_end(arguments);                              \
        return open_at(at, path, flags, mode);          \
    }
#define NOTHING
#define DIRECTORY int directory,
OPEN(open, NOTHING, AT_FDCWD)
OPEN(open64, NOTHING, AT_FDCWD)
OPEN(openat, DIRECTORY, directory)
OPEN(openat64, DIRECTORY, directory)
int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

/* A write at `offset`, or where the file stands when that is negative. */
static ssize_t write_at(int fd, const void *data, size_t bytes, off_t offset) {
    char path[PATH_MAX];
    int ours = path_of(fd, path);
    if (ours) pthread_mutex_lock(&lock);
    ssize_t written = -1;
    int failed = ours && fails('w', path);
    if (failed && how("short") && bytes > 1) failed = 0, bytes /= 2;
    if (!failed) {
        written = offset < 0 ? syscall(SYS_write, fd, data, bytes) : syscall(SYS_pwrite64, fd, data, bytes, offset);
        off_t start = offset < 0 ? lseek(fd, 0, SEEK_CUR) - written : offset;
        if (ours && written > 0) record('w', inode_of(fd), start, path, data, written);
    }
    if (ours) pthread_mutex_unlock(&lock);
    return written;
}

ssize_t write(int fd, const void *data, size_t bytes) { return write_at(fd, data, bytes, -1); }
ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset) { return write_at(fd, data, bytes, offset); }
ssize_t pwrite64(int fd, const void *data, size_t bytes, off_t offset) { return write_at(fd, data, bytes, offset); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return syscall(SYS_writev, fd, parts, count);
    /* May be short: the first part that is not empty. */
    while (count > 1 && !parts->iov_len) parts++, count--;
    return write(fd, parts->iov_base, parts->iov_len);
}

static ssize_t read_at(int fd, void *data, size_t bytes, off_t offset) {
    char path[PATH_MAX];
    int ours = path_of(fd, path), failed = 0;
    if (ours) {
        pthread_mutex_lock(&lock);
        failed = fails('R', path);
        pthread_mutex_unlock(&lock);
    }
    if (failed && !how("flip")) return -1;
    ssize_t got = offset < 0 ? syscall(SYS_read, fd, data, bytes) : syscall(SYS_pread64, fd, data, bytes, offset);
    if (failed && got > 0) ((unsigned char *)data)[got / 2] ^= 1;
    return got;
}

ssize_t read(int fd, void *data, size_t bytes) { return read_at(fd, data, bytes, -1); }
ssize_t pread(int fd, void *data, size_t bytes, off_t offset) { return read_at(fd, data, bytes, offset); }
ssize_t pread64(int fd, void *data, size_t bytes, off_t offset) { return read_at(fd, data, bytes, offset); }

int ftruncate(int fd, off_t length) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return (int)syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&lock);
    int status = fails('t', path) ? -1 : (int)syscall(SYS_ftruncate, fd, length);
    if (!status) record('t', inode_of(fd), length, path, "", 0);
    pthread_mutex_unlock(&lock);
    return status;
}
int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }

static int sync_file(int fd, long call, char letter) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return (int)syscall(call, fd);
    struct stat status;
    if (!fstat(fd, &status) && S_ISDIR(status.st_mode)) letter = 'D';
    int swallowed = strchr(setting("TORTURE_SWALLOW"), letter) != NULL;
    pthread_mutex_lock(&lock);
    int result = swallowed ? 0 : fails('s', path) ? -1 : (int)syscall(call, fd);
    if (!result) record(swallowed ? 'x' : letter == 'D' ? 'D' : 's', inode_of(fd), 0, path, "", 0);
    pthread_mutex_unlock(&lock);
    return result;
}
int fsync(int fd) { return sync_file(fd, SYS_fsync, 'f'); }
int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync, 'd'); }

/* The operations on two names. */
static int two_names(char kind, int at, const char *from, int to_at, const char *to, int flags) {
    char source[PATH_MAX], target[PATH_MAX];
    int ours = absolute(at, from, source) | absolute(to_at, to, target);
    if (ours) pthread_mutex_lock(&lock);
    int status = -1;
    if (!ours || !fails(kind, source)) {
        long call = kind == 'r' ? SYS_renameat2 : SYS_linkat;
        status = (int)syscall(call, at, from, to_at, to, flags);
        if (ours && !status) record(kind, 0, 0, source, target, strlen(target));
    }
    if (ours) pthread_mutex_unlock(&lock);
    return status;
}
int rename(const char *from, const char *to) { return two_names('r', AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int at, const char *from, int to_at, const char *to) { return two_names('r', at, from, to_at, to, 0); }
int renameat2(int at, const char *from, int to_at, const char *to, unsigned flags) {
    return two_names('r', at, from, to_at, to, (int)flags);
}
int link(const char *from, const char *to) { return two_names('l', AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int at, const char *from, int to_at, const char *to, int flags) {
    return two_names('l', at, from, to_at, to, flags);
}

int unlinkat(int at, const char *path, int flags) {
    char whole[PATH_MAX];
    if (!absolute(at, path, whole)) return (int)syscall(SYS_unlinkat, at, path, flags);
    pthread_mutex_lock(&lock);
    int status = fails('u', whole) ? -1 : (int)syscall(SYS_unlinkat, at, path, flags);
    if (!status) record('u', 0, 0, whole, "", 0);
    pthread_mutex_unlock(&lock);
    return status;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
