/* The same work by several threads at once: torch's own ones where it has an OpenMP pool, since those are awake when
   images have just been made, and would fight with others for the cores; else new ones. */

#ifndef BLURBENCH_THREADS_H
#define BLURBENCH_THREADS_H

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

typedef void (*Labour)(void *job);
/* `GOMP_parallel`, which every OpenMP library has: calls `labour` in `threads` threads, this one among them. */
typedef void (*Parallel)(Labour labour, void *job, unsigned threads, unsigned flags);

typedef struct {
    Labour labour;
    void *job;
} Errand;

static void *go(void *argument) {
    Errand *errand = argument;
    errand->labour(errand->job);
    return NULL;
}

static void in_new_threads(Labour labour, void *job, int64_t threads) {
    Errand errand = {labour, job};
    pthread_t *others = calloc((size_t)threads, sizeof *others);
    int64_t started = 0;
    while (others && started < threads - 1 && pthread_create(others + started, NULL, go, &errand) == 0)
        started++;
    labour(job);
    while (started > 0)
        pthread_join(others[--started], NULL);
    free(others);
}

static void share_out(Parallel parallel, Labour labour, void *job, int64_t threads) {
    if (threads <= 1)
        labour(job);
    else if (parallel)
        parallel(labour, job, (unsigned)threads, 0);
    else
        in_new_threads(labour, job, threads);
}

#endif
