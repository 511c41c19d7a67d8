/* PSFs as images: what each of them is, so that the shortest way is taken. */

#ifndef BLURBENCH_KERNELS_H
#define BLURBENCH_KERNELS_H

#include "separable.h"
#include "symmetric.h"
#include "taps.h"

typedef struct {
    const double *weights;
    int64_t height, width, y, x; /* (y, x) is the centre */
    int64_t peak;                /* where the largest weight is */
    double largest;
} Kernel;

typedef struct {
    enum { PRODUCT, SYMMETRIC, TAPS } way;
    Separable product;
    Symmetric symmetric;
    Taps taps;
} Plan;

static Kernel kernel_of(const double *weights, int64_t height, int64_t width) {
    Kernel psf = {weights, height, width, height / 2, width / 2, 0, 0};
    for (int64_t i = 0; i < height * width; i++)
        psf.largest = fabs(weights[i]) > psf.largest ? fabs(weights[i]) : psf.largest;
    while (fabs(weights[psf.peak]) < psf.largest)
        psf.peak++;
    return psf;
}

static Taps list_taps(const Kernel *psf, Memory *memory) {
    Taps plan = {take(memory, (psf->height * psf->width + 1) * (int64_t)sizeof(Tap)), 0};
    for (int64_t i = 0; i < psf->height && !memory->failed; i++)
        for (int64_t j = 0; j < psf->width; j++) {
            double weight = psf->weights[i * psf->width + j];
            plan.taps[plan.count] = (Tap){(int32_t)(i - psf->y), (int32_t)(j - psf->x), (float)weight};
            plan.count += !negligible(weight, psf->largest); /* no branch: nobody could predict it */
        }
    return plan;
}

/* How far from `centre` the weights reach that are not below 1e-8 of the largest; `stride` from one to the next. */
static int64_t reach_of(const double *weights, int64_t count, int64_t stride, int64_t centre, double largest) {
    int64_t reach = 2;
    for (int64_t i = 0; i < count; i++)
        if (fabs(weights[i * stride]) > 1e-8 * largest)
            reach = most(reach, llabs(i - centre));
    return reach;
}

/* As a correlation. */
static float *line_of(Memory *memory, const double *weights, int64_t count, int64_t stride, int64_t centre,
                      int64_t reach, double scale) {
    float *line = floats(memory, 2 * reach + 1);
    for (int64_t i = -reach; i <= reach && line; i++) {
        int64_t from = centre - i;
        line[reach + i] = from < 0 || from >= count ? 0.0f : (float)(weights[from * stride] * scale);
    }
    return line;
}

/* Whether the PSF is a column times a row, up to rounding. */
static int is_product(const Kernel *psf) {
    const double *row = psf->weights + psf->peak / psf->width * psf->width;
    const double *column = psf->weights + psf->peak % psf->width;
    for (int64_t i = 0; i < psf->height; i++) {
        double scale = column[i * psf->width] / psf->weights[psf->peak];
        for (int64_t j = 0; j < psf->width; j++) {
            double weight = psf->weights[i * psf->width + j];
            if (fabs(weight - scale * row[j]) > 2e-7 * fabs(weight) + 1e-9 * psf->largest)
                return 0;
        }
    }
    return 1;
}

static Separable product_plan(const Kernel *psf, Memory *memory) {
    const double *row = psf->weights + psf->peak / psf->width * psf->width;
    const double *column = psf->weights + psf->peak % psf->width;
    int64_t half = reach_of(column, psf->height, psf->width, psf->y, psf->largest);
    int64_t margin = reach_of(row, psf->width, 1, psf->x, psf->largest);
    return (Separable){
        line_of(memory, column, psf->height, psf->width, psf->y, half, 1 / psf->weights[psf->peak]),
        line_of(memory, row, psf->width, 1, psf->x, margin, 1),
        half,
        margin,
    };
}

/* Whether it reads the same from the left, the right, above and below. */
static int is_symmetric(const Kernel *psf) {
    int64_t tall = psf->height, wide = psf->width;
    if (tall % 2 == 0 || wide % 2 == 0)
        return 0;
    for (int64_t i = 0; i <= psf->y; i++)
        for (int64_t j = 0; j <= psf->x; j++) {
            const double *above = psf->weights + i * wide, *below = psf->weights + (tall - 1 - i) * wide;
            if (!alike(above[j], above[wide - 1 - j]) || !alike(above[j], below[j]) ||
                !alike(above[j], below[wide - 1 - j]))
                return 0;
        }
    return 1;
}

static Symmetric quadrant_plan(const Kernel *psf, Memory *memory) {
    int64_t rows = psf->y + 1, columns = psf->x + 1;
    double *quadrant = take(memory, rows * columns * (int64_t)sizeof *quadrant);
    for (int64_t i = 0; i < rows * columns && quadrant; i++)
        quadrant[i] = psf->weights[(psf->y + i % rows) * psf->width + psf->x + i / rows];
    return symmetric_plan(memory, quadrant, psf->y, psf->x, psf->largest);
}

/* The pixels that are read for one of the result, about: what a way costs. */
static int64_t cost_of_product(const Separable *plan) { return 2 * (plan->column_half + plan->row_half) + 2; }

static int64_t cost_of_columns(const Symmetric *plan) {
    int64_t cost = 2 * (plan->down + plan->across);
    for (int64_t dx = 0; dx <= plan->across; dx++)
        cost += 2 * plan->columns[dx].count;
    return cost;
}

enum { FEW = 10 }; /* taps that are not worth a search for anything better */

/* The cheapest way, and what it costs. */
static int64_t make_plan(const Kernel *psf, Memory *memory, Plan *plan) {
    plan->way = TAPS, plan->taps = list_taps(psf, memory);
    int64_t cost = plan->taps.count;
    if (cost > FEW && is_product(psf)) {
        plan->product = product_plan(psf, memory);
        if (cost_of_product(&plan->product) < cost)
            plan->way = PRODUCT, cost = cost_of_product(&plan->product);
    } else if (cost > FEW && is_symmetric(psf)) {
        plan->symmetric = quadrant_plan(psf, memory);
        if (!memory->failed && cost_of_columns(&plan->symmetric) < cost)
            plan->way = SYMMETRIC, cost = cost_of_columns(&plan->symmetric);
    }
    return cost;
}

#endif
