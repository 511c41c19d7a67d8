/* A Gaussian of another width at every output pixel, exact for any map of sigma.

       out[y][x] = sum over dy, dx of g(dy) g(dx) image[y + dy][x + dx],   g = g(. ; sigma[y][x]), summing to 1

   The mirror images of an offset have one weight and are added first. Where sigma changes along x alone, the rows can
   be done before the columns, and where it changes along y alone the columns before the rows. */

#include "planes.h"

typedef struct {
    const double *sigma;
    const int64_t *radius; /* or NULL: cut at 4 sigma */
    int64_t stride;        /* from one image's map to the next's; 0 where all share one */
} Map;

static int64_t radius_of(const Map *map, int64_t at) {
    return map->radius ? map->radius[at] : (int64_t)floor(4 * map->sigma[at] + 0.5);
}

static int64_t widest(const Map *map, int64_t start, int64_t count) {
    int64_t radius = 0;
    for (int64_t i = start; i < start + count; i++)
        radius = most(radius, radius_of(map, i));
    return radius;
}

/* The right halves of `count` pixels' taps, WIDTH or more: out[d * step + i] for d from 0 to half. */
static void profiles(const Map *map, int64_t start, int64_t count, int64_t half, float *out, int64_t step) {
    for (int64_t at = 0; at < count; at += WIDTH) {
        int64_t i = least(at, count - WIDTH);
        /* exp(-d^2 / 2 sigma^2) = ratio^(d^2), and d^2 is the sum of the odd numbers below 2 d. */
        double power[WIDTH], square[WIDTH], weight[WIDTH], total[WIDTH], reach[WIDTH];
        EACH(k, WIDTH) {
            double sigma = fmax(map->sigma[start + i + k], 1e-6);
            power[k] = exp(-0.5 / (sigma * sigma)), square[k] = power[k] * power[k];
            reach[k] = (double)radius_of(map, start + i + k);
            weight[k] = total[k] = 1, out[i + k] = 1;
        }
        for (int64_t d = 1; d <= half; d++)
            EACH(k, WIDTH) {
                double within = (double)d <= reach[k] ? 1.0 : 0.0; /* without it, powers get too small to be fast */
                weight[k] *= power[k] * within, power[k] *= square[k] * within;
                total[k] += 2 * weight[k], out[d * step + i + k] = (float)weight[k];
            }
        EACH(k, WIDTH) total[k] = 1 / total[k];
        for (int64_t d = 0; d <= half; d++)
            EACH(k, WIDTH) out[d * step + i + k] *= (float)total[k];
    }
}

/* WIDTH weighted sums of the pairs at -d * step and +d * step, weights changing from pixel to pixel. */
static inline void pairs(const float *in, int64_t step, const float *weights, int64_t pitch_of_weights, int64_t half,
                         vec sum[WIDE]) {
    EACH(v, WIDE) sum[v] = load(weights + v * LANES) * load(in + v * LANES);
    for (int64_t d = 1; d <= half; d++)
        EACH(v, WIDE)
    sum[v] += load(weights + d * pitch_of_weights + v * LANES) *
              (load(in - d * step + v * LANES) + load(in + d * step + v * LANES));
}

/* sigma[x]: along the rows, then down the columns. */
static void over_columns(const Batch *batch, Memory *memory, const Map *map, int64_t start, int64_t plane,
                         int64_t first, int64_t last) {
    int64_t width = batch->width, half = widest(map, start, width), step = pitch(width + 2 * half);
    int64_t rows = last - first + 2 * half;
    float *band = floats(memory, rows * step), *row = floats(memory, step);
    float *weights = floats(memory, (half + 1) * step);
    if (memory->failed)
        return;
    profiles(map, start, width, half, weights, step);
    for (int64_t c = 0; c < batch->channels; c++, plane += batch->height * width) {
        for (int64_t i = 0; i < rows; i++) {
            bordered(batch, batch->images + plane, first - half + i, half, row + half);
            for (int64_t at = 0; at < width; at += WIDTH) {
                int64_t x = least(at, width - WIDTH);
                vec sum[WIDE];
                pairs(row + half + x, 1, weights + x, step, half, sum);
                EACH(v, WIDE) store(band + i * step + x + v * LANES, sum[v]);
            }
        }
        for (int64_t y = first; y < last; y++)
            for (int64_t at = 0; at < width; at += WIDTH) {
                int64_t x = least(at, width - WIDTH);
                vec sum[WIDE];
                pairs(band + (y - first + half) * step + x, step, weights + x, step, half, sum);
                EACH(v, WIDE) store(batch->out + plane + y * width + x + v * LANES, sum[v]);
            }
    }
}

/* sigma[y]: down the columns, then along the row. */
static void over_rows(const Batch *batch, Memory *memory, const Map *map, int64_t start, int64_t plane, int64_t first,
                      int64_t last) {
    int64_t width = batch->width, half = widest(map, start + first * width, (last - first) * width);
    int64_t step = pitch(width + 2 * half), rows = last - first + 2 * half;
    float *band = floats(memory, rows * step), *row = floats(memory, step);
    float *weights = floats(memory, (half + 1) * WIDTH);
    if (memory->failed)
        return;
    for (int64_t c = 0; c < batch->channels; c++, plane += batch->height * width) {
        for (int64_t i = 0; i < rows; i++)
            bordered(batch, batch->images + plane, first - half + i, 0, band + i * step);
        for (int64_t y = first; y < last; y++) {
            int64_t reach = radius_of(map, start + y * width);
            vec sum[WIDE];
            profiles(map, start + y * width, WIDTH, reach, weights, WIDTH);
            for (int64_t at = 0; at < width; at += WIDTH) {
                int64_t x = least(at, width - WIDTH);
                pairs(band + (y - first + half) * step + x, step, weights, WIDTH, reach, sum);
                EACH(v, WIDE) store(row + half + x + v * LANES, sum[v]);
            }
            extend(row + half, width, reach, batch->padding);
            for (int64_t at = 0; at < width; at += WIDTH) {
                int64_t x = least(at, width - WIDTH);
                pairs(row + half + x, 1, weights, WIDTH, reach, sum);
                EACH(v, WIDE) store(batch->out + plane + y * width + x + v * LANES, sum[v]);
            }
        }
    }
}

/* One row of output: for each dy the two mirrored rows are added, and each tile is weighted along x as far as it
   reaches. The tiles' sums lie side by side in `sums`, even where the tiles overlap. */
static void row_over_pixels(const float *centre, int64_t step, int64_t width, int64_t half, const float *weights,
                            const int64_t *reach, float *row, float *sums, float *out) {
    for (int64_t dy = 0; dy <= half; dy++) {
        const float *above = centre - dy * step, *below = centre + dy * step;
        for (int64_t x = 0; x < step; x += LANES)
            store(row + x, dy ? load(above + x) + load(below + x) : load(above + x));
        for (int64_t at = 0; at < width; at += WIDTH) {
            int64_t x = least(at, width - WIDTH);
            vec sum[WIDE];
            if (dy > reach[at / WIDTH])
                continue;
            pairs(row + half + x, 1, weights + x, step, reach[at / WIDTH], sum);
            EACH(v, WIDE) {
                vec weighted = load(weights + dy * step + x + v * LANES) * sum[v];
                float *to = sums + at + v * LANES;
                store(to, dy ? load(to) + weighted : weighted);
            }
        }
    }
    for (int64_t at = 0; at < width; at += WIDTH)
        memcpy(out + least(at, width - WIDTH), sums + at, WIDTH * sizeof *out);
}

/* Any map. */
static void over_pixels(const Batch *batch, Memory *memory, const Map *map, int64_t start, int64_t plane, int64_t first,
                        int64_t last) {
    int64_t width = batch->width, half = widest(map, start + first * width, (last - first) * width);
    int64_t step = pitch(width + 2 * half), rows = last - first + 2 * half, planes = batch->channels;
    float *band = floats(memory, planes * rows * step), *row = floats(memory, 2 * step);
    float *weights = floats(memory, (half + 1) * step);
    int64_t *reach = take(memory, (width / WIDTH + 1) * (int64_t)sizeof *reach);
    if (memory->failed)
        return;
    for (int64_t c = 0; c < planes; c++)
        surround(batch, plane + c * batch->height * width, first - half, rows, half, band + c * rows * step, step);
    for (int64_t y = first; y < last; y++) {
        int64_t here = start + y * width;
        profiles(map, here, width, half, weights, step);
        for (int64_t at = 0; at < width; at += WIDTH)
            reach[at / WIDTH] = widest(map, here + least(at, width - WIDTH), WIDTH);
        for (int64_t c = 0; c < planes; c++)
            row_over_pixels(band + (c * rows + y - first + half) * step, step, width, half, weights, reach, row,
                            row + step, batch->out + plane + (c * batch->height + y) * width);
    }
}

static int same(const Map *map, int64_t one, int64_t other, int64_t count) {
    size_t size = (size_t)count * sizeof(double);
    return !memcmp(map->sigma + one, map->sigma + other, size) &&
           (!map->radius || !memcmp(map->radius + one, map->radius + other, size));
}

static void varying(const Job *job, Memory *memory, int64_t image, int64_t first, int64_t last) {
    const Batch *batch = &job->batch;
    const Map *map = job->psf;
    int64_t width = batch->width, start = image * map->stride, plane = image * batch->channels * batch->height * width;
    int columns = 1, rows = 1;
    for (int64_t y = 0; y < batch->height && (columns || rows); y++) {
        columns = columns && same(map, start, start + y * width, width);
        rows = rows && same(map, start + y * width, start + y * width + 1, width - 1);
    }
    (columns ? over_columns : rows ? over_rows : over_pixels)(batch, memory, map, start, plane, first, last);
}

int blur_varying(const Batch *batch, const double *sigma, const int64_t *radius, int64_t stride) {
    Map map = {sigma, radius, stride};
    return run(batch, varying, &map);
}
