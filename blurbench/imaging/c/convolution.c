/* Blurring each image with its own PSF, planned image by image.

       out[y][x] = sum over taps of weight * image[y - dy][x - dx]

   Two plans: a column of taps and then a row of taps, or any list of taps. A disc's taps read, besides the image, its
   running sums down the columns: two of them stand for a whole run of equal weights. */

#include "planes.h"
#include <math.h>

/* --- a column of taps, then a row of taps ------------------------------------------------------------------------- */

typedef struct {
    float *column, *row; /* as correlations, each `2 half + 1` long, half >= 2 */
    int64_t column_half, row_half;
} Separable;

/* ROWS rows of weighted sums of the rows around them; `rows` starts `half` above the first. */
static void down(const float *const *rows, int64_t width, const float *taps, int64_t count, float *out, int64_t step) {
    for (int64_t start = 0; start < width; start += WIDTH) {
        int64_t x = least(start, width - WIDTH);
        vec sum[ROWS][WIDE] = {{{0}}};
        EACH(r, ROWS) __builtin_prefetch(rows[count + ROWS - 1 + r] + x);
        for (int64_t j = 0; j < ROWS - 1; j++)
            EACH(v, WIDE) {
                vec pixels = load(rows[j] + x + v * LANES), last = load(rows[count + j] + x + v * LANES);
                EACH(r, ROWS) {
                    if (r <= j)
                        sum[r][v] += taps[j - r] * pixels;
                    else
                        sum[r][v] += taps[count + j - r] * last;
                }
            }
        for (int64_t j = ROWS - 1; j < count; j++)
            EACH(v, WIDE) {
                vec pixels = load(rows[j] + x + v * LANES);
                EACH(r, ROWS) sum[r][v] += taps[j - r] * pixels;
            }
        EACH(r, ROWS) EACH(v, WIDE) store(out + r * step + x + v * LANES, sum[r][v]);
    }
}

/* ROWS rows of weighted sums along each row; `in` starts `half` left of the first pixel. */
static void along(const float *in, int64_t step, int64_t width, const float *taps, int64_t count, float *out) {
    for (int64_t start = 0; start < width; start += WIDTH) {
        int64_t x = least(start, width - WIDTH);
        vec sum[ROWS][WIDE] = {{{0}}};
        EACH(r, ROWS) __builtin_prefetch(out + (r + ROWS) * width + x, 1);
        for (int64_t j = 0; j < count; j++)
            EACH(r, ROWS) EACH(v, WIDE) sum[r][v] += taps[j] * load(in + r * step + x + j + v * LANES);
        EACH(r, ROWS) EACH(v, WIDE) store(out + r * width + x + v * LANES, sum[r][v]);
    }
}

static int separable(const Batch *batch, const Separable *plan, int64_t image, int64_t first, int64_t last) {
    int64_t height = batch->height, width = batch->width, half = plan->column_half, margin = plan->row_half;
    int64_t step = pitch(width + 2 * margin), count = last - first + 2 * half;
    const float **rows = malloc((size_t)(count + ROWS) * sizeof *rows);
    float *black = calloc((size_t)width, sizeof *black), *middle = floats(ROWS * step);
    int failed = !rows || !black || !middle;
    for (int64_t c = 0; c < batch->channels && !failed; c++) {
        int64_t plane = (image * batch->channels + c) * height * width;
        for (int64_t i = 0; i < count + ROWS; i++) { /* some more, to be fetched in advance */
            int64_t y = source(first - half + i, height, batch->padding);
            rows[i] = y < 0 ? black : batch->images + plane + y * width;
        }
        for (int64_t start = first; start < last; start += ROWS) {
            int64_t y = least(start, last - ROWS);
            down(rows + (y - first), width, plan->column, 2 * half + 1, middle + margin, step);
            EACH(r, ROWS) extend(middle + r * step + margin, width, margin, batch->padding);
            along(middle, step, width, plan->row, 2 * margin + 1, batch->out + plane + y * width);
        }
    }
    free(rows), free(black), free(middle);
    return failed;
}

/* --- any list of taps --------------------------------------------------------------------------------------------- */

typedef struct {
    int32_t dy, dx, sums; /* sums: 1 reads the sum of all pixels above (y - dy, x - dx) instead of the pixel there */
    float weight;
} Tap;

typedef struct {
    Tap *taps;
    int64_t count;
    int sums;     /* whether any tap reads sums */
    int mirrored; /* whether there is as much to the left as to the right; the taps are then in order of dx */
} Taps;

/* ROWS rows of `piece` pixels. */
static void weigh(const float *in, int64_t step, const ptrdiff_t *offsets, const float *weights, int64_t count,
                  int64_t piece, float *out, int64_t width) {
    for (int64_t start = 0; start < piece; start += WIDTH) {
        int64_t x = least(start, piece - WIDTH);
        vec sum[ROWS][WIDE] = {{{0}}};
        EACH(r, ROWS) __builtin_prefetch(out + (r + ROWS) * width + x, 1);
        for (int64_t t = 0; t < count; t++) {
            const float *pixels = in + x + offsets[t];
            EACH(r, ROWS) EACH(v, WIDE) sum[r][v] += weights[t] * load(pixels + r * step + v * LANES);
        }
        EACH(r, ROWS) EACH(v, WIDE) store(out + r * width + x + v * LANES, sum[r][v]);
    }
}

/* The sums of the rows above, for each row of the band. */
static void add_up(const float *band, int64_t step, int64_t size, float *sums) {
    memset(sums, 0, (size_t)step * sizeof *sums);
    for (int64_t i = step; i < size; i++)
        sums[i] = sums[i - step] + band[i - step];
}

/* `count` sums of taps one after the other, count a multiple of WIDTH. */
static void column(const float *in, const ptrdiff_t *offsets, const float *weights, int64_t taps, int64_t count,
                   float *out) {
    int64_t i = 0;
    for (; i + ROWS * WIDTH <= count; i += ROWS * WIDTH) {
        vec sum[ROWS * WIDE] = {{0}};
        for (int64_t t = 0; t < taps; t++)
            EACH(v, ROWS * WIDE) sum[v] += weights[t] * load(in + i + offsets[t] + v * LANES);
        EACH(v, ROWS * WIDE) store(out + i + v * LANES, sum[v]);
    }
    for (; i < count; i += WIDTH) {
        vec sum[WIDE] = {{0}};
        for (int64_t t = 0; t < taps; t++)
            EACH(v, WIDE) sum[v] += weights[t] * load(in + i + offsets[t] + v * LANES);
        EACH(v, WIDE) store(out + i + v * LANES, sum[v]);
    }
}

/* ROWS rows of a PSF with as much to the left as to the right: each column of its taps is done once and read twice. The
   taps are in order of dx; `ends[j]` is where those with dx = -j end, and those of dx > 0 are not looked at. `scratch`
   holds one column's rows, `count` floats each, and then the sums, WIDTH at a time. */
static void mirrored(const float *in, int64_t step, int64_t side, const ptrdiff_t *offsets, const float *weights,
                     const int64_t *ends, int64_t piece, int64_t count, float *scratch, float *out, int64_t width) {
    float *sums = scratch + ROWS * count;
    int64_t slots = (piece + WIDTH - 1) / WIDTH * WIDTH;
    for (int64_t j = 0; j <= side; j++) {
        int64_t from = j < side ? ends[j + 1] : 0, taps = ends[j] - from;
        if (count == step)
            column(in, offsets + from, weights + from, taps, ROWS * step, scratch);
        else
            EACH(r, ROWS) column(in + r * step, offsets + from, weights + from, taps, count, scratch + r * count);
        EACH(r, ROWS) for (int64_t at = 0; at < slots; at += WIDTH) {
            const float *centre = scratch + r * count + side + least(at, piece - WIDTH);
            float *sum = sums + r * slots + at;
            EACH(v, WIDE) {
                vec one = load(centre - j + v * LANES), other = load(centre + j + v * LANES);
                store(sum + v * LANES, j ? load(sum + v * LANES) + (one + other) : one);
            }
        }
    }
    EACH(r, ROWS) for (int64_t at = 0; at < piece; at += WIDTH)
        memcpy(out + r * width + least(at, piece - WIDTH), sums + r * slots + at, WIDTH * sizeof *out);
}

static int tapped(const Batch *batch, const Taps *plan, int64_t image, int64_t first, int64_t last) {
    int64_t height = batch->height, width = batch->width, top = 0, bottom = 0, side = 0;
    for (int64_t t = 0; t < plan->count; t++) {
        top = most(top, plan->taps[t].dy), bottom = most(bottom, -plan->taps[t].dy);
        side = most(side, llabs(plan->taps[t].dx));
    }
    int64_t step = pitch(width + 2 * side), rows = top + last - first + bottom, size = rows * step;
    float *band = floats((plan->sums ? 2 : 1) * size), *weights = floats(plan->count);
    ptrdiff_t *offsets = malloc((size_t)(plan->count + 1) * sizeof *offsets);
    int64_t *ends = calloc((size_t)side + 1, sizeof *ends);
    /* The rows that the taps of a piece reach stay in the first cache. */
    int64_t wide = plan->mirrored ? 256 : 128, piece = width > wide + wide / 2 ? wide : width;
    int64_t span = piece == width ? step : (piece + 2 * side + WIDTH - 1) / WIDTH * WIDTH;
    float *scratch = floats(2 * ROWS * span);
    int failed = !band || !weights || !offsets || !ends || !scratch;
    for (int64_t t = 0; t < plan->count && !failed; t++) {
        const Tap *tap = plan->taps + t;
        weights[t] = tap->weight;
        offsets[t] = (top - tap->dy) * step + (tap->sums ? size : 0) + (plan->mirrored ? 0 : side - tap->dx);
        for (int64_t j = 0; j <= -tap->dx; j++)
            ends[j] = t + 1;
    }
    for (int64_t c = 0; c < batch->channels && !failed; c++) {
        int64_t plane = (image * batch->channels + c) * height * width;
        for (int64_t i = 0; i < rows; i++)
            bordered(batch, batch->images + plane, first - top + i, side, band + i * step + side);
        if (plan->sums)
            add_up(band, step, size, band + size);
        for (int64_t at = 0; at < width; at += piece)
            for (int64_t start = first; start < last; start += ROWS) {
                int64_t y = least(start, last - ROWS), x = least(at, width - piece);
                const float *in = band + (y - first) * step + x;
                float *out = batch->out + plane + y * width + x;
                if (plan->mirrored)
                    mirrored(in, step, side, offsets, weights, ends, piece, span, scratch, out, width);
                else
                    weigh(in, step, offsets, weights, plan->count, piece, out, width);
            }
    }
    free(band), free(weights), free(offsets), free(ends), free(scratch);
    return failed;
}

/* --- Gaussians ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const double *sigma;
    int64_t size; /* taps a side, or 0: cut at 4 sigma */
} Gaussians;

static int gaussian(const Job *job, int64_t image, int64_t first, int64_t last) {
    const Gaussians *psf = job->psf;
    double sigma = fmax(psf->sigma[image], 1e-6);
    int64_t half = psf->size ? psf->size / 2 : (int64_t)floor(4 * psf->sigma[image] + 0.5);
    /* Weights below 1e-8 of the centre's are left out (6.07 sigma), but not of the sum. */
    int64_t reach = most(2, least(half, (int64_t)ceil(6.07 * sigma)));
    float *taps = malloc((size_t)(2 * reach + 1) * sizeof *taps);
    if (!taps)
        return 1;
    double total = 1;
    for (int64_t x = 1; x <= least(half, (int64_t)ceil(9 * sigma)); x++)
        total += 2 * exp(-0.5 * (x / sigma) * (x / sigma));
    for (int64_t x = 0; x <= reach; x++)
        taps[reach - x] = taps[reach + x] = x > half ? 0.0f : (float)(exp(-0.5 * (x / sigma) * (x / sigma)) / total);
    Separable plan = {taps, taps, reach, reach};
    int failed = separable(&job->batch, &plan, image, first, last);
    free(taps);
    return failed;
}

int blur_gaussian(const Batch *batch, const double *sigma, int64_t size) {
    Gaussians psf = {sigma, size};
    return run(batch, gaussian, &psf);
}

/* --- PSFs as images ----------------------------------------------------------------------------------------------- */

typedef struct {
    const double *weights;
    int64_t height, width, y, x; /* (y, x) is the centre */
} Image;

/* Weights of a run differ by no more than the rounding of float32, and so do outer products from what they stand for. */
static const double SAME = 2e-7;

/* Whether the PSF is a column times a row, up to rounding; then `plan` holds the two. Its memory is the caller's. */
static int is_separable(const Image *psf, int64_t count, Separable *plan) {
    int64_t peak = 0, tall = psf->height, wide = psf->width;
    for (int64_t i = 1; i < tall * wide; i++)
        if (fabs(psf->weights[i]) > fabs(psf->weights[peak]))
            peak = i;
    const double *row = psf->weights + peak / wide * wide, *column = psf->weights + peak % wide;
    double top = psf->weights[peak];
    int64_t half = 2, margin = 2;
    if (top == 0)
        return 0;
    for (int64_t i = 0; i < tall; i++)
        for (int64_t j = 0; j < wide; j++) {
            double weight = psf->weights[i * wide + j], product = column[i * wide] * row[j] / top;
            if (fabs(weight - product) > SAME * fabs(weight) + 1e-9 * fabs(top))
                return 0;
        }
    for (int64_t i = 0; i < tall; i++)
        if (fabs(column[i * wide]) > 1e-8 * fabs(top))
            half = most(half, llabs(i - psf->y));
    for (int64_t j = 0; j < wide; j++)
        if (fabs(row[j]) > 1e-8 * fabs(top))
            margin = most(margin, llabs(j - psf->x));
    if (2 * (half + margin) + 2 >= count)
        return 0;
    memset(plan->column, 0, (size_t)(2 * half + 1) * sizeof(float));
    memset(plan->row, 0, (size_t)(2 * margin + 1) * sizeof(float));
    for (int64_t i = 0; i < tall; i++)
        if (llabs(i - psf->y) <= half)
            plan->column[half - (i - psf->y)] = (float)(column[i * wide] / top);
    for (int64_t j = 0; j < wide; j++)
        if (llabs(j - psf->x) <= margin)
            plan->row[margin - (j - psf->x)] = (float)row[j];
    plan->column_half = half, plan->row_half = margin;
    return 1;
}

/* The length of the run of equal weights that goes down from i; 1 where there is none. */
static int64_t run_of(const Image *psf, int64_t i, int64_t j) {
    double first = psf->weights[i * psf->width + j];
    int64_t end = i + 1;
    while (end < psf->height && fabs(psf->weights[end * psf->width + j] - first) <= SAME * fabs(first))
        end++;
    return end - i;
}

static double largest(const Image *psf) {
    double top = 0;
    for (int64_t i = 0; i < psf->height * psf->width; i++) {
        double weight = fabs(psf->weights[i]);
        top = weight > top ? weight : top;
    }
    return top;
}

/* The taps of weights above `least_weight`; with `sums`, runs of three and more equal ones are two taps of the sums. */
static void list_taps(const Image *psf, double least_weight, int sums, Taps *plan) {
    plan->count = 0, plan->sums = 0;
    for (int64_t j = 0; j < psf->width; j++)
        for (int64_t i = 0, length; i < psf->height; i += length) {
            double weight = psf->weights[i * psf->width + j];
            int32_t dy = (int32_t)(i - psf->y), dx = (int32_t)(j - psf->x);
            length = 1;
            if (fabs(weight) <= least_weight)
                continue;
            if (sums && (length = run_of(psf, i, j)) >= 3) {
                plan->taps[plan->count++] = (Tap){dy - 1, dx, 1, (float)weight};
                plan->taps[plan->count++] = (Tap){dy + (int32_t)length - 1, dx, 1, -(float)weight};
                plan->sums = 1;
            } else {
                length = 1;
                plan->taps[plan->count++] = (Tap){dy, dx, 0, (float)weight};
            }
        }
}

/* Whether every row reads the same from both sides of the centre. */
static int is_mirrored(const Image *psf) {
    if (psf->width != 2 * psf->x + 1)
        return 0;
    for (int64_t i = 0; i < psf->height * psf->width; i += psf->width)
        for (int64_t j = 1; j <= psf->x; j++) {
            double left = psf->weights[i + psf->x - j], right = psf->weights[i + psf->x + j];
            if (fabs(left - right) > SAME * fabs(left))
                return 0;
        }
    return 1;
}

enum { FEW = 20 }; /* as many taps as the running sums of a plane are worth, twice over */

/* The shortest list of taps. */
static void shortest(const Image *psf, Taps *plan) {
    double least_weight = 1e-9 * largest(psf);
    list_taps(psf, least_weight, 0, plan);
    int64_t without = plan->count;
    if (without <= FEW)
        return;
    list_taps(psf, least_weight, 1, plan);
    if (plan->count + FEW / 2 > without)
        list_taps(psf, least_weight, 0, plan);
    plan->mirrored = is_mirrored(psf);
}

typedef struct {
    Taps taps;
    Separable separable;
    int product; /* which of the two */
} Plan;

static int make_plan(const Image *psf, Plan *plan) {
    int64_t tall = 2 * psf->height + 5, wide = 2 * psf->width + 5;
    plan->taps.taps = malloc((size_t)(psf->height * psf->width + 1) * sizeof(Tap));
    plan->separable.column = malloc((size_t)(tall + wide) * sizeof(float));
    if (!plan->taps.taps || !plan->separable.column)
        return 1;
    plan->separable.row = plan->separable.column + tall;
    shortest(psf, &plan->taps);
    plan->product = is_separable(psf, plan->taps.count, &plan->separable);
    return 0;
}

static void drop_plan(Plan *plan) { free(plan->taps.taps), free(plan->separable.column); }

static int blur_image(const Job *job, const Image *psf, int64_t image, int64_t first, int64_t last) {
    Plan plan = {0};
    int failed = make_plan(psf, &plan);
    if (!failed)
        failed = plan.product ? separable(&job->batch, &plan.separable, image, first, last)
                              : tapped(&job->batch, &plan.taps, image, first, last);
    drop_plan(&plan);
    return failed;
}

typedef struct {
    const double *weights;
    int64_t height, width;
    const uint8_t *skipped;
} Kernels;

static Image kernel(const Kernels *psf, int64_t image) {
    return (Image){psf->weights + image * psf->height * psf->width, psf->height, psf->width, psf->height / 2,
                   psf->width / 2};
}

static int dense(const Job *job, int64_t image, int64_t first, int64_t last) {
    const Kernels *psf = job->psf;
    Image weights = kernel(psf, image);
    return psf->skipped[image] ? 0 : blur_image(job, &weights, image, first, last);
}

/* Leaves out the images that are marked in `skipped`. */
int blur_dense(const Batch *batch, const double *weights, int64_t height, int64_t width, const uint8_t *skipped) {
    Kernels psf = {weights, height, width, skipped};
    return run(batch, dense, &psf);
}

/* Marks those of n PSFs that take more than `limit` taps and are no products. */
int many_taps(const double *weights, int64_t n, int64_t height, int64_t width, int64_t limit, uint8_t *marked) {
    Kernels psf = {weights, height, width, NULL};
    for (int64_t i = 0; i < n; i++) {
        Plan plan = {0};
        Image image = kernel(&psf, i);
        int failed = make_plan(&image, &plan);
        marked[i] = !failed && !plan.product && plan.taps.count > limit;
        drop_plan(&plan);
        if (failed)
            return 1;
    }
    return 0;
}

/* --- discs -------------------------------------------------------------------------------------------------------- */

static double other_leg(double x, double r) { return sqrt(x < r ? (r - x) * (r + x) : 0); }

/* The integral of sqrt(r^2 - t^2) for t from 0 to x. */
static double under_circle(double x, double r) { return 0.5 * (x * other_leg(x, r) + r * r * asin(x / r)); }

/* The area of each pixel within the disc over the disc's, `2 half + 1` a side, from the areas between the centre and the
   corners of the pixels of one quadrant. `scratch` has room for 4 + half + 2 numbers a corner. */
static void disc_weights(double r, int64_t half, double *weights, double *scratch) {
    int64_t edges = half + 2, side = 2 * half + 1;
    double *x = scratch, *under = x + edges, *start = under + edges, *start_under = start + edges,
           *area = start_under + edges;
    for (int64_t i = 0; i < edges; i++) {
        x[i] = fmin(fabs(i - 0.5), r), under[i] = under_circle(x[i], r);
        start[i] = other_leg(x[i], r), start_under[i] = under_circle(fmin(start[i], r), r);
    }
    for (int64_t i = 0; i < edges; i++)
        for (int64_t j = 0; j < edges; j++) {
            double inside = start[i] < x[j] ? x[i] * start[i] + under[j] - start_under[i] : x[i] * x[j];
            area[i * edges + j] = (i == 0) == (j == 0) ? inside : -inside;
        }
    for (int64_t i = 0; i <= half; i++)
        for (int64_t j = 0; j <= half; j++) {
            const double *corner = area + i * edges + j;
            double share = (corner[0] - corner[1] - corner[edges] + corner[edges + 1]) / (M_PI * r * r);
            share = share > 0 ? share : 0;
            weights[(half + i) * side + half + j] = weights[(half + i) * side + half - j] = share;
            weights[(half - i) * side + half + j] = weights[(half - i) * side + half - j] = share;
        }
}

static int disc(const Job *job, int64_t image, int64_t first, int64_t last) {
    double r = fmax(((const double *)job->psf)[image], 0.5);
    int64_t half = (int64_t)ceil(r - 0.5), side = 2 * half + 1, edges = half + 2;
    double *weights = malloc((size_t)(side * side + edges * (4 + edges)) * sizeof *weights);
    if (!weights)
        return 1;
    disc_weights(r, half, weights, weights + side * side);
    /* The plan needs no search: beyond a radius of 2.5 the sums pay. */
    Image psf = {weights, side, side, half, half};
    Taps plan = {malloc((size_t)(side * side + 1) * sizeof(Tap)), 0, 0, half >= 2};
    int failed = !plan.taps;
    if (!failed) {
        list_taps(&psf, 1e-9 * weights[half * side + half], half >= 3, &plan);
        failed = tapped(&job->batch, &plan, image, first, last);
    }
    free(plan.taps), free(weights);
    return failed;
}

int blur_disc(const Batch *batch, const double *radius) { return run(batch, disc, radius); }

/* --- a few bright pixels ------------------------------------------------------------------------------------------ */

typedef struct {
    const int64_t *offsets;
    const double *weights;
    int64_t count;
} Points;

static int points(const Job *job, int64_t image, int64_t first, int64_t last) {
    const Points *psf = job->psf;
    Taps plan = {malloc((size_t)(psf->count + 1) * sizeof(Tap)), 0, 0, 0};
    if (!plan.taps)
        return 1;
    for (int64_t t = image * psf->count; t < (image + 1) * psf->count; t++)
        if (psf->weights[t] != 0)
            plan.taps[plan.count++] = (Tap){(int32_t)psf->offsets[2 * t], (int32_t)psf->offsets[2 * t + 1], 0,
                                            (float)psf->weights[t]};
    int failed = tapped(&job->batch, &plan, image, first, last);
    free(plan.taps);
    return failed;
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
