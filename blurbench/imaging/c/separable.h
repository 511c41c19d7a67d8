/* A column of taps, then a row of taps. */

#ifndef BLURBENCH_SEPARABLE_H
#define BLURBENCH_SEPARABLE_H

#include "planes.h"

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

static void separable(const Batch *batch, Memory *memory, const Separable *plan, int64_t image, int64_t first,
                      int64_t last) {
    int64_t height = batch->height, width = batch->width, half = plan->column_half, margin = plan->row_half;
    int64_t step = pitch(width + 2 * margin), count = last - first + 2 * half;
    const float **rows = take(memory, (count + ROWS) * (int64_t)sizeof *rows);
    float *black = floats(memory, width), *middle = floats(memory, ROWS * step);
    if (memory->failed)
        return;
    if (batch->padding == ZEROS)
        memset(black, 0, (size_t)width * sizeof *black);
    for (int64_t c = 0; c < batch->channels; c++) {
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
}

#endif
