/* Blurring each image with its own PSF, planned image by image.

       out[y][x] = sum over taps of weight * image[y - dy][x - dx]

   Three ways: a column of taps and then a row of taps, columns that are read from both sides, or any list of taps. */

#include "kernels.h"

/* --- Gaussians ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const double *sigma;
    int64_t size; /* taps a side, or 0: cut at 4 sigma */
} Gaussians;

static void gaussian(const Job *job, Memory *memory, int64_t image, int64_t first, int64_t last) {
    const Gaussians *psf = job->psf;
    double sigma = fmax(psf->sigma[image], 1e-6), total = 1;
    int64_t half = psf->size ? psf->size / 2 : (int64_t)floor(4 * psf->sigma[image] + 0.5);
    /* Weights below 1e-8 of the centre's are left out (6.07 sigma), but not of the sum. */
    int64_t reach = most(2, least(half, (int64_t)ceil(6.07 * sigma)));
    float *taps = floats(memory, 2 * reach + 1);
    if (memory->failed)
        return;
    for (int64_t x = 1; x <= least(half, (int64_t)ceil(9 * sigma)); x++)
        total += 2 * exp(-0.5 * (x / sigma) * (x / sigma));
    for (int64_t x = 0; x <= reach; x++)
        taps[reach - x] = taps[reach + x] = x > half ? 0.0f : (float)(exp(-0.5 * (x / sigma) * (x / sigma)) / total);
    Separable plan = {taps, taps, reach, reach};
    separable(&job->batch, memory, &plan, image, first, last);
}

int blur_gaussian(const Batch *batch, const double *sigma, int64_t size) {
    Gaussians psf = {sigma, size};
    return run(batch, gaussian, &psf);
}

/* --- PSFs as images ----------------------------------------------------------------------------------------------- */

typedef struct {
    const double *weights;
    int64_t height, width;
    const uint8_t *skipped;
} Kernels;

static Kernel own_kernel(const Kernels *psf, int64_t image) {
    return kernel_of(psf->weights + image * psf->height * psf->width, psf->height, psf->width);
}

static void dense(const Job *job, Memory *memory, int64_t image, int64_t first, int64_t last) {
    const Kernels *psf = job->psf;
    if (psf->skipped && psf->skipped[image])
        return;
    Kernel kernel = own_kernel(psf, image);
    Plan plan;
    make_plan(&kernel, memory, &plan);
    if (memory->failed)
        return;
    switch (plan.way) {
    case PRODUCT:
        separable(&job->batch, memory, &plan.product, image, first, last);
        return;
    case SYMMETRIC:
        symmetric(&job->batch, memory, &plan.symmetric, image, first, last);
        return;
    case TAPS:
        tapped(&job->batch, memory, &plan.taps, image, first, last);
    }
}

/* Leaves out the images that are marked in `skipped`, if that is given. */
int blur_dense(const Batch *batch, const double *weights, int64_t height, int64_t width, const uint8_t *skipped) {
    Kernels psf = {weights, height, width, skipped};
    return run(batch, dense, &psf);
}

/* Marks those of n PSFs that cost as much as more than `limit` taps. */
int many_taps(const double *weights, int64_t n, int64_t height, int64_t width, int64_t limit, uint8_t *marked) {
    Kernels psf = {weights, height, width, NULL};
    Memory memory = {0};
    Plan plan;
    for (int64_t i = 0; i < n && !memory.failed; i++) {
        Kernel kernel = own_kernel(&psf, i);
        clear(&memory);
        marked[i] = make_plan(&kernel, &memory, &plan) > limit;
    }
    drop(memory.last);
    return memory.failed;
}

/* --- discs -------------------------------------------------------------------------------------------------------- */

/* The area of each pixel within the disc over the disc's, in one quadrant of `half + 1` a side, from the areas between
   the centre and the corners of the pixels. `scratch` has room for 2 + half + 2 numbers a corner. */
static void disc_weights(double r, int64_t half, double *weights, double *scratch) {
    int64_t edges = half + 2;
    double *x = scratch, *under = x + edges, *area = under + edges, square = r * r, quarter = M_PI / 4 * square;
    for (int64_t i = 0; i < edges; i++) {
        x[i] = fmin(fabs(i - 0.5), r); /* the first pixel lies half on this side of the centre */
        under[i] = 0.5 * (x[i] * sqrt((r - x[i]) * (r + x[i])) + square * asin(x[i] / r)); /* the circle, from 0 to x */
    }
    for (int64_t i = 0; i < edges; i++)
        for (int64_t j = 0; j < edges; j++) {
            double beyond = under[i] + under[j] - quarter; /* of a corner outside the disc */
            double inside = x[i] * x[i] + x[j] * x[j] > square ? beyond : x[i] * x[j];
            area[i * edges + j] = (i == 0) == (j == 0) ? inside : -inside;
        }
    for (int64_t i = 0; i <= half; i++)
        for (int64_t j = 0; j <= half; j++) {
            const double *corner = area + i * edges + j;
            double share = corner[0] - corner[1] - corner[edges] + corner[edges + 1];
            weights[i * (half + 1) + j] = share > 0 ? share / (4 * quarter) : 0;
        }
}

static void disc(const Job *job, Memory *memory, int64_t image, int64_t first, int64_t last) {
    double r = fmax(((const double *)job->psf)[image], 0.5);
    int64_t half = (int64_t)ceil(r - 0.5), side = half + 1, edges = half + 2;
    double *weights = take(memory, (side * side + edges * (2 + edges)) * (int64_t)sizeof *weights);
    if (memory->failed)
        return;
    disc_weights(r, half, weights, weights + side * side);
    Symmetric plan = symmetric_plan(memory, weights, half, half, weights[0]);
    symmetric(&job->batch, memory, &plan, image, first, last);
}

int blur_disc(const Batch *batch, const double *radius) { return run(batch, disc, radius); }

/* --- a few bright pixels ------------------------------------------------------------------------------------------ */

typedef struct {
    const int64_t *offsets;
    const double *weights;
    int64_t count;
} Points;

static void points(const Job *job, Memory *memory, int64_t image, int64_t first, int64_t last) {
    const Points *psf = job->psf;
    Taps plan = {take(memory, (psf->count + 1) * (int64_t)sizeof(Tap)), 0};
    if (memory->failed)
        return;
    for (int64_t t = image * psf->count; t < (image + 1) * psf->count; t++)
        if (psf->weights[t] != 0)
            plan.taps[plan.count++] =
                (Tap){(int32_t)psf->offsets[2 * t], (int32_t)psf->offsets[2 * t + 1], (float)psf->weights[t]};
    tapped(&job->batch, memory, &plan, image, first, last);
}

int blur_points(const Batch *batch, const int64_t *offsets, const double *weights, int64_t count) {
    Points psf = {offsets, weights, count};
    return run(batch, points, &psf);
}

/* The largest offset, down or across, of any of `count` points with a weight. */
int64_t reach_of_points(const int64_t *offsets, const double *weights, int64_t count) {
    int64_t reach = 0;
    for (int64_t t = 0; t < count; t++)
        if (weights[t] != 0)
            reach = most(reach, most(llabs(offsets[2 * t]), llabs(offsets[2 * t + 1])));
    return reach;
}
