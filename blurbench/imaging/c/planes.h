/* What the compiled convolutions share: vectors, borders, a band of an image with its border, and threads.

   Everything works on bands of rows of one image, so that a band and its border stay in a core's own cache. How an
   image is cut depends on its size alone: neither the batch nor the number of threads changes a result. */

#ifndef BLURBENCH_PLANES_H
#define BLURBENCH_PLANES_H

#include "memory.h"
#include "threads.h"
#include <math.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX__)
#define LANES 8 /* with AVX512, 16 were tried and are no faster */
#else
#define LANES 4
#endif

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef vec loose __attribute__((aligned(4), may_alias)); /* at any address */

/* A tile of ROWS x WIDTH output pixels is held in registers. Images are at least that large. */
enum { ROWS = 4, WIDTH = 16, WIDE = WIDTH / LANES };

/* Pixels: of a band at most; of a batch that one thread blurs sooner than another has come to its aid; and of small
   images that a thread takes at once, so that the threads do not wait for the counter. */
enum { BAND = 1 << 16, ALONE = 1 << 15, SHARE = 1 << 14 };

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
    Parallel parallel;
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
    const float *row = plane + from * batch->width;
    for (int64_t x = 0; x < batch->width; x += LINE / (int64_t)sizeof *row)
        __builtin_prefetch(row + 4 * batch->width + x); /* for the rows to come */
    memcpy(to, row, (size_t)batch->width * sizeof *to);
    extend(to, batch->width, half, batch->padding);
}

/* `rows` rows from row `y` on, each between `half` pixels of its surroundings; the plane starts at pixel `plane`. */
static void surround(const Batch *batch, int64_t plane, int64_t y, int64_t rows, int64_t half, float *band,
                     int64_t step) {
    for (int64_t i = 0; i < rows; i++)
        bordered(batch, batch->images + plane, y + i, half, band + i * step + half);
}

/* Floats from one row to the next: an odd number of cache lines, so that the rows of a column do not share a set. */
static int64_t pitch(int64_t width) { return 16 * (((width + 15) / 16) | 1); }

static float *floats(Memory *memory, int64_t count) {
    return take(memory, (count + 2 * WIDTH) * (int64_t)sizeof(float));
}

/* Weights that are the same up to the rounding of float32. */
static inline int alike(double one, double other) { return fabs(one - other) <= 2e-7 * fabs(one); }

/* Beside the largest weight. */
static inline int negligible(double weight, double largest) { return fabs(weight) <= 1e-9 * fabs(largest); }

/* --- a batch in bands, shared out among threads ------------------------------------------------------------------- */

typedef struct Job Job;
/* Blurs rows first..last-1 of one image, unless the memory fails. */
typedef void (*Work)(const Job *job, Memory *memory, int64_t image, int64_t first, int64_t last);
struct Job {
    Batch batch;
    Work work;
    const void *psf;
    int64_t bands;
    atomic_llong next;
    atomic_int failed;
};

static void labour(void *argument) {
    Job *job = argument;
    int64_t height = job->batch.height, bands = job->bands, count = job->batch.n * bands;
    int64_t pixels = job->batch.channels * height * job->batch.width / bands;
    int64_t step = most(1, least(SHARE / pixels, count / (4 * job->batch.threads))), start;
    Memory memory = {0};
    while ((start = atomic_fetch_add(&job->next, step)) < count && !atomic_load(&job->failed)) {
        for (int64_t i = start; i < least(start + step, count); i++) {
            int64_t band = i % bands;
            clear(&memory);
            job->work(job, &memory, i / bands, height * band / bands, height * (band + 1) / bands);
        }
        if (memory.failed)
            atomic_store(&job->failed, 1);
    }
    drop(memory.last);
}

static int run(const Batch *batch, Work work, const void *psf) {
    int64_t pixels = batch->height * batch->width;
    Job job = {.batch = *batch, .work = work, .psf = psf};
    job.bands = most(1, least((pixels + BAND - 1) / BAND, batch->height / (2 * ROWS)));
    if (batch->n * batch->channels * pixels < ALONE)
        job.batch.threads = 1;
    share_out(batch->parallel, labour, &job, job.batch.threads);
    return atomic_load(&job.failed);
}

#endif
