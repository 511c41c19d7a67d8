/* Memory that a thread uses again for each image: pieces of it are taken one by one and given back all at once. */

#ifndef BLURBENCH_MEMORY_H
#define BLURBENCH_MEMORY_H

#include <stdint.h>
#include <stdlib.h>

enum { LINE = 64 }; /* bytes of a cache line; a block begins with one for itself */

typedef struct Block Block;
struct Block {
    Block *before;
    int64_t size;
};

typedef struct {
    Block *last;
    int64_t used; /* of the last block */
    int failed;   /* whether there was no memory once */
} Memory;

/* `bytes` at the start of a cache line, or NULL. */
static void *take(Memory *memory, int64_t bytes) {
    int64_t size = (bytes + LINE - 1) / LINE * LINE, start = memory->used;
    if (!memory->last || start + size > memory->last->size) {
        void *block = NULL;
        int64_t larger = 2 * (start + size);
        if (memory->failed || posix_memalign(&block, LINE, (size_t)(LINE + larger))) {
            memory->failed = 1;
            return NULL;
        }
        *(Block *)block = (Block){memory->last, larger};
        memory->last = block, start = 0;
    }
    memory->used = start + size;
    return (char *)memory->last + LINE + start;
}

static void drop(Block *block) {
    while (block) {
        Block *before = block->before;
        free(block), block = before;
    }
}

/* Gives everything back; the largest block stays for what comes next. */
static void clear(Memory *memory) {
    if (memory->last)
        drop(memory->last->before), memory->last->before = NULL;
    memory->used = 0;
}

#endif
