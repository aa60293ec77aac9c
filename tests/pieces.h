/* A text that comes in pieces of at most so many bytes, for readers that ask for more. */
#ifndef PIECES_H
#define PIECES_H

typedef struct pieces {
    const char* data;
    size_t left;
    size_t most;
} pieces;

static inline size_t next_piece(void* user, char* data, size_t size)
{
    pieces* from = (pieces*)user;
    size_t got = size < from->most ? size : from->most;
    got = got < from->left ? got : from->left;
    memcpy(data, from->data, got);
    from->data += got;
    from->left -= got;
    return got;
}

#endif
