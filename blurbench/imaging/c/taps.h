/* Any list of taps. */

#ifndef BLURBENCH_TAPS_H
#define BLURBENCH_TAPS_H

#include "planes.h"

typedef struct {
    int32_t dy, dx;
    float weight;
} Tap;

typedef struct {
    Tap *taps;
    int64_t count;
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

static void tapped(const Batch *batch, Memory *memory, const Taps *plan, int64_t image, int64_t first, int64_t last) {
    int64_t height = batch->height, width = batch->width, top = 0, bottom = 0, side = 0;
    for (int64_t t = 0; t < plan->count; t++) {
        top = most(top, plan->taps[t].dy), bottom = most(bottom, -plan->taps[t].dy);
        side = most(side, llabs(plan->taps[t].dx));
    }
    int64_t step = pitch(width + 2 * side), rows = top + last - first + bottom;
    float *band = floats(memory, rows * step), *weights = floats(memory, plan->count);
    ptrdiff_t *offsets = take(memory, plan->count * (int64_t)sizeof *offsets);
    /* The rows that the taps of a piece reach stay in the first cache. */
    int64_t piece = width > 192 ? 128 : width;
    if (memory->failed)
        return;
    for (int64_t t = 0; t < plan->count; t++) {
        Tap tap = plan->taps[t];
        weights[t] = tap.weight, offsets[t] = (top - tap.dy) * step + side - tap.dx;
    }
    for (int64_t c = 0; c < batch->channels; c++) {
        int64_t plane = (image * batch->channels + c) * height * width;
        surround(batch, plane, first - top, rows, side, band, step);
        for (int64_t at = 0; at < width; at += piece)
            for (int64_t start = first; start < last; start += ROWS) {
                int64_t y = least(start, last - ROWS), x = least(at, width - piece);
                weigh(band + (y - first) * step + x, step, offsets, weights, plan->count, piece,
                      batch->out + plane + y * width + x, width);
            }
    }
}

#endif
