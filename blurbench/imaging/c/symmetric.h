/* A PSF that reads the same from the left, the right, above and below, such as a disc.

   The pixels as far above as below are added first. Of these pairs the columns of the PSF are weighed, each once for
   the one to the left and the one to the right. Where a column begins with pairs of the centre's own weight, their sum
   is that of the column further out and a few more. */

#ifndef BLURBENCH_SYMMETRIC_H
#define BLURBENCH_SYMMETRIC_H

#include "planes.h"

enum { PARTS = 5, TILE = PARTS * LANES }; /* pixels of a row at a time: 28 or 32 and a border of 4 fit */

typedef struct {
    int32_t more, start, count; /* pairs that the sum gains; the first pair beyond the sum, and how many are weighed */
    float inner;                /* the weight of the sum, 0 where it is not wanted */
} Column;

typedef struct {
    int64_t down, across; /* the reach */
    Column *columns;      /* from the outermost to the middle one */
    float *weights;       /* of the pairs beyond the sums, column by column */
} Symmetric;

/* The plan of a PSF given by one of its quadrants, dx by dy, and its largest weight. */
static Symmetric symmetric_plan(Memory *memory, const double *quadrant, int64_t down, int64_t across, double largest) {
    int64_t rows = down + 1, columns = across + 1, summed = 1;
    Symmetric plan = {down, across, take(memory, columns * (int64_t)sizeof(Column)), floats(memory, columns * rows)};
    float *next = plan.weights;
    for (int64_t i = 0; i < columns && !memory->failed; i++) {
        const double *weights = quadrant + (across - i) * rows;
        int64_t start = 0, end = rows;
        while (start < rows && alike(weights[start], quadrant[0]))
            start++;
        if (start < summed) /* the sum is too long already */
            start = 0;
        while (end > start && negligible(weights[end - 1], largest))
            end--;
        plan.columns[i] = (Column){(int32_t)(most(start, summed) - summed), (int32_t)start, (int32_t)(end - start),
                                   start ? (float)quadrant[0] : 0.0f};
        summed = most(start, summed);
        for (int64_t dy = start; dy < end; dy++)
            *next++ = (float)weights[dy];
    }
    return plan;
}

/* TILE pixels of a row: those of the columns go to rows of `out`, the middle one first. */
static void weigh_columns(const Symmetric *plan, const float *centre, int64_t step, float *pairs, float *out,
                          int64_t span) {
    const float *weights = plan->weights, *next = pairs + TILE;
    vec inner[PARTS];
    EACH(v, PARTS) inner[v] = load(centre + v * LANES), store(pairs + v * LANES, inner[v]);
    for (int64_t dy = 1; dy <= plan->down; dy++) {
        const float *above = centre - dy * step, *below = centre + dy * step;
        EACH(v, PARTS) store(pairs + dy * TILE + v * LANES, load(above + v * LANES) + load(below + v * LANES));
    }
    for (int64_t dx = plan->across; dx >= 0; dx--) {
        Column column = plan->columns[plan->across - dx];
        const float *pair = pairs + column.start * TILE;
        vec sum[PARTS];
        for (; column.more > 0; column.more--, next += TILE)
            EACH(v, PARTS) inner[v] += load(next + v * LANES);
        EACH(v, PARTS) sum[v] = column.inner * inner[v];
        for (; column.count > 0; column.count--, pair += TILE, weights++)
            EACH(v, PARTS) sum[v] += *weights * load(pair + v * LANES);
        EACH(v, PARTS) store(out + dx * span + v * LANES, sum[v]);
    }
}

/* A row of `piece` pixels, from the columns on both sides of each; `out` is one of `width`. */
static void add_columns(const float *sums, int64_t span, int64_t across, int64_t piece, float *out, int64_t width) {
    for (int64_t start = 0; start < piece; start += WIDTH) {
        int64_t x = least(start, piece - WIDTH);
        vec total[WIDE];
        __builtin_prefetch(out + width + x, 1);
        EACH(v, WIDE) total[v] = load(sums + x + v * LANES);
        for (int64_t dx = 1; dx <= across; dx++) {
            const float *left = sums + dx * span + x - dx, *right = left + 2 * dx;
            EACH(v, WIDE) total[v] += load(left + v * LANES) + load(right + v * LANES);
        }
        EACH(v, WIDE) store(out + x + v * LANES, total[v]);
    }
}

static void symmetric(const Batch *batch, Memory *memory, const Symmetric *plan, int64_t image, int64_t first,
                      int64_t last) {
    int64_t height = batch->height, width = batch->width, down = plan->down, across = plan->across;
    int64_t step = pitch(width + 2 * across), rows = last - first + 2 * down;
    int64_t piece = width > 384 ? 256 : width, span = pitch(piece + 2 * across + TILE);
    float *band = floats(memory, rows * step + TILE), *pairs = floats(memory, (down + 1) * TILE);
    float *sums = floats(memory, (across + 1) * span);
    if (memory->failed)
        return;
    for (int64_t c = 0; c < batch->channels; c++) {
        int64_t plane = (image * batch->channels + c) * height * width;
        surround(batch, plane, first - down, rows, across, band, step);
        for (int64_t y = first; y < last; y++)
            for (int64_t at = 0; at < width; at += piece) {
                int64_t left = least(at, width - piece);
                const float *row = band + (y - first + down) * step + left;
                for (int64_t x = 0; x < piece + 2 * across; x += TILE)
                    weigh_columns(plan, row + x, step, pairs, sums + x, span);
                add_columns(sums + across, span, across, piece, batch->out + plane + y * width + left, width);
            }
    }
}

#endif
