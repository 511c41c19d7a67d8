/* What the compiled convolutions share: vectors, borders, a band of an image with its border, and threads.

   Everything works on bands of rows of one image, so that a band and its border stay in a core's own cache. How an image is
   cut depends on its size alone: neither the batch nor the number of threads changes a result. */

#ifndef BLURBENCH_PLANES_H
#define BLURBENCH_PLANES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__AVX512F__)
#define LANES 8
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef vec loose __attribute__((aligned(4), may_alias)); /* at any address */

/* A tile of ROWS x WIDTH output pixels is held in registers. Images are at least that large. */
enum { ROWS = 4, WIDTH = 16, WIDE = WIDTH / LANES, BAND = 1 << 16 };

#define EACH(i, count) for (int i = 0; i < (count); i++)

static inline vec load(const float *p) { return *(const loose *)p; }
static inline void store(float *p, vec v) { *(loose *)p = v; }
static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

enum { REFLECT, REPLICATE, ZEROS, WRAP };

typedef struct {
    const float *images;
    float *out;
    int64_t n, channels, height, width;
    int32_t padding, threads;
} Batch;

/* Where row or column i of an endless image lies in one of `length`; -1 where it is black. */
static int64_t source(int64_t i, int64_t length, int padding) {
    if (i >= 0 && i < length)
        return i;
    switch (padding) {
    case REFLECT:
        return least(most(i < 0 ? -i : 2 * length - 2 - i, 0), length - 1);
    case REPLICATE:
        return i < 0 ? 0 : length - 1;
    case WRAP:
        return ((i % length) + length) % length;
    default:
        return -1;
    }
}

/* The `half` pixels left and right of a row, from the row itself; mirrored or wrapped, fewer than `width`. */
static inline void extend(float *row, int64_t width, int64_t half, int padding) {
    float *end = row + width;
    switch (padding) {
    case REFLECT:
        for (int64_t i = 1; i <= half; i++)
            row[-i] = row[i], end[i - 1] = end[-1 - i];
        return;
    case REPLICATE:
        for (int64_t i = 1; i <= half; i++)
            row[-i] = row[0], end[i - 1] = end[-1];
        return;
    case WRAP:
        for (int64_t i = 1; i <= half; i++)
            row[-i] = end[-i], end[i - 1] = row[i - 1];
        return;
    default:
        memset(row - half, 0, (size_t)half * sizeof *row), memset(end, 0, (size_t)half * sizeof *row);
    }
}

/* A row of the image between `half` pixels of its surroundings; `to` is its first pixel. */
static inline void bordered(const Batch *batch, const float *plane, int64_t y, int64_t half, float *to) {
    int64_t from = source(y, batch->height, batch->padding);
    if (from < 0) {
        memset(to - half, 0, (size_t)(batch->width + 2 * half) * sizeof *to);
        return;
    }
    memcpy(to, plane + from * batch->width, (size_t)batch->width * sizeof *to);
    extend(to, batch->width, half, batch->padding);
}

/* Floats from one row to the next: an odd number of cache lines, so that the rows of a column do not share a set. */
static int64_t pitch(int64_t width) { return 16 * (((width + 15) / 16) | 1); }

static float *floats(int64_t count) {
    void *memory = NULL;
    return posix_memalign(&memory, 64, (size_t)(count + 2 * WIDTH) * sizeof(float)) ? NULL : memory;
}

/* --- a batch in bands, shared out among threads ------------------------------------------------------------------- */

typedef struct Job Job;
/* Blurs rows first..last-1 of one image; nonzero where there is no memory. */
typedef int (*Work)(const Job *job, int64_t image, int64_t first, int64_t last);
struct Job {
    Batch batch;
    Work work;
    const void *psf;
    int64_t bands;
    atomic_llong next;
    atomic_int failed;
};

static void *labour(void *argument) {
    Job *job = argument;
    int64_t height = job->batch.height, bands = job->bands, count = job->batch.n * bands;
    /* A few images at a time: the counter is then not what the threads wait for. */
    int64_t step = bands > 1 ? 1 : most(1, least(16, count / (4 * job->batch.threads)));
    for (;;) {
        int64_t start = atomic_fetch_add(&job->next, step);
        if (start >= count || atomic_load(&job->failed))
            return NULL;
        for (int64_t i = start; i < least(start + step, count); i++) {
            int64_t band = i % bands;
            if (job->work(job, i / bands, height * band / bands, height * (band + 1) / bands))
                atomic_store(&job->failed, 1);
        }
    }
}

static int run(const Batch *batch, Work work, const void *psf) {
    int64_t pixels = batch->height * batch->width;
    Job job = {.batch = *batch, .work = work, .psf = psf};
    job.bands = most(1, least((pixels + BAND - 1) / BAND, batch->height / (2 * ROWS)));
    /* Starting a thread costs as much as blurring some 400,000 pixels. */
    int64_t threads = least(most(1, batch->threads), batch->n * job.bands);
    threads = least(threads, 1 + batch->n * batch->channels * pixels / 400000);
    job.batch.threads = (int32_t)threads;
    pthread_t *others = calloc((size_t)threads, sizeof *others);
    int64_t started = 0;
    while (others && started < threads - 1 && pthread_create(others + started, NULL, labour, &job) == 0)
        started++;
    labour(&job);
    EACH(i, started) pthread_join(others[i], NULL);
    free(others);
    return atomic_load(&job.failed);
}

#endif
