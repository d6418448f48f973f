// Preloaded into a program: counts what its threads take from the heap. The count of each thread whose name is the value
// of COUNTED_THREADS, or of all when there is none, stands in the file that COUNTED_ALLOCATIONS names: 8 bytes, in the
// machine's order. With TRACED_ALLOCATIONS=N the N first after SIGUSR2 are shown on stderr with where they came from.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

static atomic_ullong before_start;
static atomic_ullong* count = &before_start;
static atomic_int shown;
static __thread int inside;

static void trace(int ignored) {
    (void)ignored;
    const char* const most = getenv("TRACED_ALLOCATIONS");
    shown = most == NULL ? 0 : atoi(most);
}

__attribute__((constructor)) static void begin(void) {
    const char* const name = getenv("COUNTED_ALLOCATIONS");
    const int file = name == NULL ? -1 : open(name, O_RDWR | O_CLOEXEC);
    if (file < 0) abort();
    void* const shared = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared == MAP_FAILED) abort();
    close(file);
    count = shared;
    if (getenv("TRACED_ALLOCATIONS") != NULL) {
        void* warm[1];
        backtrace(warm, 1);  // loads what it needs now, not in the middle of a malloc
        signal(SIGUSR2, trace);
    }
}

static void one_more(void) {
    atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
    if (shown <= 0 || inside) return;
    inside = 1;
    if (atomic_fetch_sub(&shown, 1) > 0) {
        void* from[24];
        backtrace_symbols_fd(from, backtrace(from, 24), STDERR_FILENO);
        (void)!write(STDERR_FILENO, "--\n", 3);
    }
    inside = 0;
}

void* malloc(size_t size) {
    one_more();
    return __libc_malloc(size);
}
void* calloc(size_t many, size_t size) {
    one_more();
    return __libc_calloc(many, size);
}
void* realloc(void* old, size_t size) {
    one_more();
    return __libc_realloc(old, size);
}
void* memalign(size_t boundary, size_t size) {
    one_more();
    return __libc_memalign(boundary, size);
}
void* aligned_alloc(size_t boundary, size_t size) {
    one_more();
    return __libc_memalign(boundary, size);
}
int posix_memalign(void** to, size_t boundary, size_t size) {
    one_more();
    *to = __libc_memalign(boundary, size);
    return *to == NULL ? 12 : 0;  // ENOMEM
}
