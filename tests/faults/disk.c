/* A disk that fails when it is told to, between the program and the real one.
 *
 * The tests build this as a library, and the daemon under test is started with it in LD_PRELOAD. It stands before those
 * functions of libc that change files, and acts on files below the folder DISK_FAULTS_ROOT alone. It is C, since the
 * project's Rust has no `unsafe`, and since this way the program under test is the one that is shipped.
 *
 * What it is to do stands in the file DISK_FAULTS_ORDERS, an array of 64-bit numbers that both sides have in memory or
 * write in place (see `enum slot`; `tests/it/disk.rs` has the same list). Where ORDER_RECORD is set, it writes down in
 * DISK_FAULTS_JOURNAL what a power loss could take back: what stood in each 4 KiB block before it was written, how long
 * the file was, which names were made and taken away, and what was flushed. `tests/it/power.rs` reads that.
 *
 * Each function makes its system call itself, so that nothing here depends on which library comes next.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define BLOCK 4096

enum slot {
    /* What was seen; the library counts. */
    SEEN_WRITES, SEEN_FLUSHES, SEEN_BYTES, SEEN_FAULTS,
    /* Fail the write, or flush, of this number (the first is 1) with EIO, and so many from there on; 0: none. */
    ORDER_WRITE, ORDER_WRITES, ORDER_FLUSH, ORDER_FLUSHES,
    /* The disk is full once so many bytes were written; 0: never. */
    ORDER_SPACE,
    /* Every n-th write takes half of what it was given; 0: none. */
    ORDER_SHORT,
    /* Write the journal. */
    ORDER_RECORD,
    /* How many microseconds a flush takes at least. */
    ORDER_DELAY,
    /* Have flushes reach the disk. They need not: what a killed process wrote is still read, and what a power loss takes is
       known from the journal. */
    ORDER_FLUSH_FOR_REAL,
    /* Writes to the engine's tables wait while this is 1, and fail with EIO while it is 2. */
    ORDER_TABLES,
};

/* Kinds of records; each is this head, then `bytes` bytes. All of one record is written at once. */
enum kind { WRITTEN = 1, LENGTH, FLUSHED, FLUSH_FAILED, MADE, MADE_FOLDER, UNLINKED, RENAMED };
struct record {
    uint64_t kind;
    uint64_t number;  /* of the record, from 1; of flushes: the last record that was there when it began */
    uint64_t inode;   /* of the file, or the folder whose names changed */
    uint64_t at;      /* WRITTEN: the block's offset; LENGTH: the old length; MADE: the inode of what was made */
    uint64_t bytes;
};

static const char *root;
static size_t root_length;
static uint64_t *orders;
static int journal = -1;
static char trash[PATH_MAX];
static uint64_t records;
/* Held from before something is written down until it is done, so that the journal's order is the disk's. */
static pthread_mutex_t recording = PTHREAD_MUTEX_INITIALIZER;

/* Cuts off a record that a kill left half written. Numbers go on from the journal's length: no record is so short. */
static uint64_t whole_records(const char *path) {
    struct record record;
    off_t end = 0;
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    off_t length = syscall(SYS_lseek, fd, 0, SEEK_END);
    while (syscall(SYS_pread64, fd, &record, sizeof record, end) == sizeof record
           && end + (off_t)(sizeof record + record.bytes) <= length)
        end += sizeof record + record.bytes;
    if (fd < 0 || syscall(SYS_ftruncate, fd, end)) _exit(97);
    syscall(SYS_close, fd);
    return end;
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("DISK_FAULTS_ORDERS"), *records_at = getenv("DISK_FAULTS_JOURNAL");
    root = getenv("DISK_FAULTS_ROOT");
    if (!root || !path || !records_at) return;
    root_length = strlen(root);
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    journal = syscall(SYS_openat, AT_FDCWD, records_at, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    snprintf(trash, sizeof trash, "%s.trash", records_at);
    if (mapped == MAP_FAILED || journal < 0 || (mkdir(trash, 0700) && errno != EEXIST)) {
        fprintf(stderr, "disk.c: the orders or the journal can't be opened: %s\n", strerror(errno));
        _exit(97);
    }
    records = whole_records(records_at);
    orders = mapped;
}

static uint64_t order(enum slot slot) { return __atomic_load_n(&orders[slot], __ATOMIC_ACQUIRE); }
static uint64_t count(enum slot slot, uint64_t more) { return __atomic_add_fetch(&orders[slot], more, __ATOMIC_ACQ_REL); }
static int below(const char *path) {
    return orders && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

/* Whether a descriptor is a file or folder below the root; looked up each time, so that no table can be out of date. */
static int named(int fd, struct stat *about, char *path) {
    char link[40];
    int before = errno, found = 0;
    if (orders && fd > 2 && !fstat(fd, about) && (S_ISREG(about->st_mode) || S_ISDIR(about->st_mode))) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, PATH_MAX - 1);
        if (length > 0) {
            path[length] = 0;
            found = below(path);
        }
    }
    errno = before;
    return found;
}
static int ours(int fd, struct stat *about) {
    char path[PATH_MAX];
    return named(fd, about, path);
}

/* The path that a function was given, whole. */
static int whole(int folder, const char *name, char *path) {
    char link[40], at[PATH_MAX];
    if (name[0] == '/') return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX && below(path);
    snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, at, sizeof at - 1);
    if (length <= 0) return 0;
    at[length] = 0;
    return snprintf(path, PATH_MAX, "%s/%s", at, name) < PATH_MAX && below(path);
}

static uint64_t inode(const char *path) {
    struct stat about;
    return lstat(path, &about) ? 0 : about.st_ino;
}
static uint64_t inode_of_parent(const char *path) {
    char parent[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", path);
    *strrchr(parent, '/') = 0;
    return inode(parent);
}

static uint64_t write_down(enum kind kind, uint64_t file, uint64_t at, const void *content, size_t bytes) {
    struct record record = {kind, ++records, file, at, bytes};
    struct iovec parts[2] = {{&record, sizeof record}, {(void *)content, bytes}};
    if (syscall(SYS_writev, journal, parts, 2) != (ssize_t)(sizeof record + bytes)) {
        fprintf(stderr, "disk.c: the journal can't be written: %s\n", strerror(errno));
        _exit(97);
    }
    return records;
}

/* What stands in the blocks of a stretch before it is written; what lies past the end is not there, and left out. */
static void write_down_blocks(int fd, const struct stat *about, off_t from, off_t to) {
    char link[40], block[BLOCK];
    /* The descriptor may be for writing alone. */
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int reader = syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
    for (off_t at = from / BLOCK * BLOCK; at < to; at += BLOCK) {
        ssize_t length = reader < 0 ? 0 : syscall(SYS_pread64, reader, block, BLOCK, at);
        write_down(WRITTEN, about->st_ino, at, block, length > 0 ? length : 0);
    }
    if (reader >= 0) syscall(SYS_close, reader);
}

static int between(uint64_t number, uint64_t from, uint64_t many) { return from && number >= from && number - from < many; }
static int fails(int why) {
    count(SEEN_FAULTS, 1);
    errno = why;
    return -1;
}

/* How much of a write is let through: all, a part, or -1 with errno. */
static ssize_t let_through(size_t length) {
    uint64_t number = count(SEEN_WRITES, 1), space = order(ORDER_SPACE), shorten = order(ORDER_SHORT);
    if (between(number, order(ORDER_WRITE), order(ORDER_WRITES))) return fails(EIO);
    if (shorten && number % shorten == 0 && length > 1) {
        count(SEEN_FAULTS, 1);
        length /= 2;
    }
    /* A full disk takes what fits. That some writes go where the disk has room already is not looked at. */
    uint64_t used = order(SEEN_BYTES);
    if (space && length) {
        if (used >= space) return fails(ENOSPC);
        if (length > space - used) length = space - used;
    }
    count(SEEN_BYTES, length);
    return length;
}

/* Waits without a timer: those of the daemon's threads may be an hour late. */
static void linger(uint64_t microseconds) {
    struct timespec now, since;
    clock_gettime(CLOCK_MONOTONIC, &since);
    do {
        sched_yield();
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - since.tv_sec) * 1000000 + (now.tv_nsec - since.tv_nsec) / 1000 < (int64_t)microseconds);
}

/* Does a write at an offset, or at the file's own place where that is -1. */
static ssize_t put(int fd, const void *content, size_t length, off_t at) {
    struct stat about;
    char path[PATH_MAX];
    if (!named(fd, &about, path)) {
        return at < 0 ? syscall(SYS_write, fd, content, length) : syscall(SYS_pwrite64, fd, content, length, at);
    }
    if (order(ORDER_TABLES) && (strstr(path, "/tables/") || strstr(path, "/blobs/"))) {
        count(SEEN_FAULTS, 1);
        while (order(ORDER_TABLES) == 1) linger(5000);
        if (order(ORDER_TABLES) == 2) return fails(EIO);
    }
    ssize_t let = let_through(length);
    if (let < 0) return let;
    int record = order(ORDER_RECORD) != 0;
    if (record) {
        pthread_mutex_lock(&recording);
        fstat(fd, &about);
        int appends = syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND;
        off_t from = at >= 0 ? at : appends ? about.st_size : syscall(SYS_lseek, fd, 0, SEEK_CUR);
        write_down_blocks(fd, &about, from, from + let);
        if (from + let > about.st_size) write_down(LENGTH, about.st_ino, about.st_size, NULL, 0);
    }
    ssize_t done = at < 0 ? syscall(SYS_write, fd, content, let) : syscall(SYS_pwrite64, fd, content, let, at);
    if (record) pthread_mutex_unlock(&recording);
    return done;
}

EXPORT ssize_t write(int fd, const void *content, size_t length) { return put(fd, content, length, -1); }
EXPORT ssize_t pwrite64(int fd, const void *content, size_t length, off_t at) { return put(fd, content, length, at); }
EXPORT ssize_t pwrite(int fd, const void *content, size_t length, off_t at) { return put(fd, content, length, at); }

/* The first part alone: callers go on with the rest, as they must. */
EXPORT ssize_t writev(int fd, const struct iovec *parts, int many) {
    struct stat about;
    if (!ours(fd, &about)) return syscall(SYS_writev, fd, parts, many);
    for (int i = 0; i < many; i++)
        if (parts[i].iov_len) return put(fd, parts[i].iov_base, parts[i].iov_len, -1);
    return 0;
}
EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int many, off_t at) {
    struct stat about;
    if (!ours(fd, &about)) return syscall(SYS_pwritev, fd, parts, many, at, 0);
    for (int i = 0; i < many; i++)
        if (parts[i].iov_len) return put(fd, parts[i].iov_base, parts[i].iov_len, at);
    return 0;
}
/* Copies that the kernel would do past us: refused, so that callers read and write. */
EXPORT ssize_t copy_file_range(int a, off64_t *x, int b, off64_t *y, size_t length, unsigned flags) {
    struct stat about;
    if (!ours(b, &about)) return syscall(SYS_copy_file_range, a, x, b, y, length, flags);
    errno = ENOSYS;
    return -1;
}
EXPORT ssize_t sendfile64(int to, int from, off64_t *at, size_t length) {
    struct stat about;
    if (!ours(to, &about)) return syscall(SYS_sendfile, to, from, at, length);
    errno = EINVAL;
    return -1;
}

static int resize(int fd, off_t length) {
    struct stat about;
    if (!ours(fd, &about) || !order(ORDER_RECORD)) return syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&recording);
    fstat(fd, &about);
    if (length < about.st_size) write_down_blocks(fd, &about, length, about.st_size);
    if (length != about.st_size) write_down(LENGTH, about.st_ino, about.st_size, NULL, 0);
    int done = syscall(SYS_ftruncate, fd, length);
    pthread_mutex_unlock(&recording);
    return done;
}
EXPORT int ftruncate64(int fd, off_t length) { return resize(fd, length); }
EXPORT int ftruncate(int fd, off_t length) { return resize(fd, length); }

/* A flush covers what was there when it began. What was written meanwhile may be lost still. */
static int flush(int fd, long call) {
    struct stat about;
    if (!ours(fd, &about)) return syscall(call, fd);
    uint64_t number = count(SEEN_FLUSHES, 1), delay = order(ORDER_DELAY);
    int record = order(ORDER_RECORD) != 0;
    pthread_mutex_lock(&recording);
    uint64_t covered = records;
    pthread_mutex_unlock(&recording);
    if (delay) linger(delay);
    int failed = between(number, order(ORDER_FLUSH), order(ORDER_FLUSHES));
    int done = failed ? fails(EIO) : order(ORDER_FLUSH_FOR_REAL) ? syscall(call, fd) : 0;
    if (record) {
        /* After a flush that failed Linux takes what was to be flushed for clean: no later flush brings it to disk. */
        struct record flushed = {failed ? FLUSH_FAILED : FLUSHED, covered, about.st_ino, 0, 0};
        int why = errno;
        if (syscall(SYS_write, journal, &flushed, sizeof flushed) != sizeof flushed) _exit(97);
        errno = why;
    }
    return done;
}
EXPORT int fsync(int fd) { return flush(fd, SYS_fsync); }
EXPORT int fdatasync(int fd) { return flush(fd, SYS_fdatasync); }

/* Flushes neither what a file's length is nor what the disk has in its cache: for a power loss, nothing at all. */
EXPORT int sync_file_range(int fd, off64_t at, off64_t length, unsigned flags) {
    struct stat about;
    if (!ours(fd, &about) || order(ORDER_FLUSH_FOR_REAL)) return syscall(SYS_sync_file_range, fd, at, length, flags);
    return 0;
}

static int make(int folder, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    int record = orders && order(ORDER_RECORD) && (flags & (O_CREAT | O_TRUNC)) && whole(folder, name, path);
    if (!record) return syscall(SYS_openat, folder, name, flags, mode);
    pthread_mutex_lock(&recording);
    int is_there = inode(path) != 0;
    if (is_there && flags & O_TRUNC) {
        int old = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
        struct stat about;
        if (old >= 0 && !fstat(old, &about) && about.st_size) {
            write_down_blocks(old, &about, 0, about.st_size);
            write_down(LENGTH, about.st_ino, about.st_size, NULL, 0);
        }
        if (old >= 0) syscall(SYS_close, old);
    }
    int fd = syscall(SYS_openat, folder, name, flags, mode);
    if (fd >= 0 && !is_there) write_down(MADE, inode_of_parent(path), inode(path), path, strlen(path));
    pthread_mutex_unlock(&recording);
    return fd;
}
static mode_t mode_of(int flags, va_list more) { return flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0; }
#define OPENS(name) \
    EXPORT int name(const char *path, int flags, ...) { \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = mode_of(flags, more); \
        va_end(more); \
        return make(AT_FDCWD, path, flags, mode); \
    }
#define OPENS_AT(name) \
    EXPORT int name(int folder, const char *path, int flags, ...) { \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = mode_of(flags, more); \
        va_end(more); \
        return make(folder, path, flags, mode); \
    }
OPENS(open)
OPENS(open64)
OPENS_AT(openat)
OPENS_AT(openat64)
EXPORT int creat(const char *path, mode_t mode) { return make(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

EXPORT int mkdir(const char *name, mode_t mode) {
    char path[PATH_MAX];
    if (!orders || !order(ORDER_RECORD) || !whole(AT_FDCWD, name, path)) return syscall(SYS_mkdir, name, mode);
    pthread_mutex_lock(&recording);
    int done = syscall(SYS_mkdir, name, mode);
    if (!done) write_down(MADE_FOLDER, inode_of_parent(path), inode(path), path, strlen(path));
    pthread_mutex_unlock(&recording);
    return done;
}

/* Keeps what a name stands for under its record's number, so that the name can come back. */
static void keep(const char *path, uint64_t number) {
    char kept[PATH_MAX + 32];
    snprintf(kept, sizeof kept, "%s/%llu", trash, (unsigned long long)number);
    if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, kept, 0)) {
        fprintf(stderr, "disk.c: %s can't be kept: %s\n", path, strerror(errno));
        _exit(97);
    }
}

static int take_away(int folder, const char *name, int flags) {
    char path[PATH_MAX];
    struct stat about;
    if (!orders || !order(ORDER_RECORD) || !whole(folder, name, path) || lstat(path, &about) || !S_ISREG(about.st_mode)) {
        /* Folders that are taken away stay away: only those that never counted are. */
        return syscall(SYS_unlinkat, folder, name, flags);
    }
    pthread_mutex_lock(&recording);
    keep(path, records + 1);
    write_down(UNLINKED, inode_of_parent(path), about.st_ino, path, strlen(path));
    int done = syscall(SYS_unlinkat, folder, name, flags);
    pthread_mutex_unlock(&recording);
    return done;
}
EXPORT int unlink(const char *name) { return take_away(AT_FDCWD, name, 0); }
EXPORT int unlinkat(int folder, const char *name, int flags) { return take_away(folder, name, flags); }

/* Both names are in one folder wherever the store renames. */
EXPORT int rename(const char *from, const char *to) {
    char both[2 * PATH_MAX], path[PATH_MAX];
    if (!orders || !order(ORDER_RECORD) || !whole(AT_FDCWD, from, both) || !whole(AT_FDCWD, to, path)) {
        return syscall(SYS_rename, from, to);
    }
    pthread_mutex_lock(&recording);
    size_t length = strlen(both) + 1;
    strcpy(both + length, path);
    if (inode(path)) keep(path, records + 1);
    write_down(RENAMED, inode_of_parent(path), inode(both), both, length + strlen(path));
    int done = syscall(SYS_rename, from, to);
    pthread_mutex_unlock(&recording);
    return done;
}
