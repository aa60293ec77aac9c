/* Cells: rows, the pages that they claim, numbers of cells, additions. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

enum { PAGES = 64, ROWS = 5, ROW_PAGES = 16 };

/* Cells as an instance has them: row 0 is the shared one. */
typedef struct stock {
    llmobsi_cells cells;
    llmobsi_row rows[ROWS];
    llmobsi_page* entries[ROWS][ROW_PAGES];
} stock;

static stock* stock_make(uint32_t pages, uint32_t row_pages)
{
    stock* made = (stock*)calloc(1, sizeof *made);
    int i;
    made->cells.pages = (llmobsi_page*)malloc(pages * sizeof(llmobsi_page));
    memset(made->cells.pages, 0x5a, pages * sizeof(llmobsi_page));
    made->cells.page_count = pages;
    made->cells.row_pages = row_pages;
    for (i = 0; i < ROWS; i++) {
        made->rows[i].pages = made->entries[i];
    }
    made->cells.shared = made->rows[0];
    return made;
}

static void stock_free(stock* of)
{
    free(of->cells.pages);
    free(of);
}

static void test_claims(void)
{
    stock* of = stock_make(3, ROW_PAGES);
    llmobsi_atomic64* cell;
    uint32_t i;
    bool zero = true;
    ok(llmobsi_cell_at(&of->rows[1], 700) == NULL, "an untouched cell is not there");
    ok(llmobsi_cell_of(&of->rows[1], 700) == NULL, "for a reader neither");
    cell = llmobsi_cell_touch(&of->cells, &of->rows[1], 700);
    ok(cell != NULL && cell == &of->cells.pages[0].cells[700 % LLMOBS_I_PAGE_CELLS],
       "touched, it is in a page");
    for (i = 512; i < 1024; i++) {
        cell = llmobsi_cell_at(&of->rows[1], i);
        zero &= cell != NULL && llmobsi_load_relaxed(cell) == 0;
    }
    ok(zero, "with its whole page, which is zero whatever was there");
    ok(llmobsi_cell_at(&of->rows[1], 511) == NULL && llmobsi_cell_at(&of->rows[1], 1024) == NULL,
       "and no other page");
    ok(llmobsi_cell_at(&of->rows[2], 700) == NULL, "nor one of another row");
    ok(llmobsi_cell_touch(&of->cells, &of->rows[1], 512) ==
           &of->cells.pages[0].cells[0], "touched again, it is the same page");
    is_int(of->cells.pages_used, 1, "one page is used");
    ok(llmobsi_cell_touch(&of->cells, &of->rows[2], 700) != NULL, "a second");
    ok(llmobsi_cell_touch(&of->cells, &of->rows[3], 0) != NULL, "a third");
    ok(llmobsi_cell_touch(&of->cells, &of->rows[4], 0) == NULL, "there is no fourth");
    ok(llmobsi_cell_touch(&of->cells, &of->rows[3], 1) != NULL, "those that are there stay");
    is_int(of->cells.pages_used, 3, "and no page is counted that is none");
    llmobsi_store_relaxed(llmobsi_cell_at(&of->rows[2], 700), 7);
    llmobsi_cells_clear(&of->cells);
    is_int(llmobsi_load_relaxed(llmobsi_cell_at(&of->rows[2], 700)), 0, "cleared, all are zero");
    stock_free(of);
}

/* Takes runs of cells until nothing is left, and marks each cell: none is given twice. */
static void expect_apart(uint32_t row_pages, uint32_t seed)
{
    stock* of = stock_make(PAGES, row_pages);
    unsigned char* taken = (unsigned char*)calloc(row_pages, LLMOBS_I_PAGE_CELLS);
    uint64_t random = seed;
    uint32_t refused = 0;
    bool apart = true;
    bool one_page = true;
    bool shared = true;
    while (refused < 100) {
        uint32_t count;
        uint32_t first;
        uint32_t i;
        bool cold;
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        cold = (random >> 60) < 5;
        count = cold ? LLMOBS_I_COLD_CELLS : 1 + (uint32_t)(random >> 40) % 170;
        first = cold ? llmobsi_cells_take_cold(&of->cells)
                     : llmobsi_cells_take(&of->cells, count);
        if (first == LLMOBS_I_NO_CELLS) {
            refused++;
            continue;
        }
        if (first + count > row_pages * LLMOBS_I_PAGE_CELLS) {
            apart = false;
            break;
        }
        one_page &= first / LLMOBS_I_PAGE_CELLS == (first + count - 1) / LLMOBS_I_PAGE_CELLS;
        shared &= cold || llmobsi_cell_at(&of->cells.shared, first) != NULL;
        for (i = first; i < first + count; i++) {
            apart &= taken[i] == 0;
            taken[i] = 1;
        }
    }
    ok(apart, "no cell is given twice");
    ok(one_page, "each run is within a page");
    ok(shared, "and its part of the shared row is there");
    free(taken);
    stock_free(of);
}

static void test_numbers(void)
{
    stock* of = stock_make(2, 2);
    uint32_t seed;
    is_int(llmobsi_cells_take(&of->cells, 1), 0, "the first cell is 0");
    is_int(llmobsi_cells_take(&of->cells, 511), 1, "the next ones follow");
    is_int(llmobsi_cells_take(&of->cells, 500), 512, "a page that is full has a next one");
    is_int(llmobsi_cells_take(&of->cells, 13), LLMOBS_I_NO_CELLS, "what does not fit is refused");
    is_int(llmobsi_cells_take(&of->cells, 12), 1012, "and does no harm");
    is_int(llmobsi_cells_take(&of->cells, 1), LLMOBS_I_NO_CELLS, "full");
    is_int(llmobsi_cells_take_cold(&of->cells), LLMOBS_I_NO_CELLS, "also for cold runs");
    stock_free(of);
    of = stock_make(2, 2);
    is_int(llmobsi_cells_take_cold(&of->cells), 512, "cold runs come from the last page");
    is_int(llmobsi_cells_take_cold(&of->cells), 672, "one behind the other");
    is_int(llmobsi_cells_take_cold(&of->cells), 832, "three a page");
    is_int(llmobsi_cells_take_cold(&of->cells), 0, "then from the page before");
    is_int(llmobsi_cells_take(&of->cells, 1), LLMOBS_I_NO_CELLS, "until all are cold");
    stock_free(of);
    of = stock_make(1, 8);
    is_int(llmobsi_cells_take(&of->cells, 512), 0, "a page of its own");
    is_int(llmobsi_cells_take(&of->cells, 1), LLMOBS_I_NO_CELLS,
           "without memory there is no number either");
    stock_free(of);
    for (seed = 1; seed <= 3; seed++) {
        expect_apart(seed * 5, seed);
    }
}

static void test_additions(void)
{
    llmobsi_atomic64 cell = 0;
    int64_t sum = 0;
    ok(llmobsi_cell_add(&cell, INT64_MAX - 5), "an addition");
    ok(llmobsi_cell_add(&cell, 5), "up to the end");
    is_int(cell, INT64_MAX, "exactly");
    ok(!llmobsi_cell_add(&cell, 1), "not beyond");
    ok(llmobsi_cell_add(&cell, 0), "nothing always fits");
    ok(!llmobsi_cell_add(&cell, UINT64_MAX), "a huge one never");
    is_int(cell, INT64_MAX, "and it stays");
    cell = INT64_MAX - 5;
    ok(llmobsi_cell_add_shared(&cell, 4), "the same by any of many");
    ok(!llmobsi_cell_add_shared(&cell, 4), "who bring it to its end");
    is_int(cell, INT64_MAX, "where it stays");
    ok(llmobsi_signed_add(&sum, INT64_MIN), "down to the least number");
    ok(!llmobsi_signed_add(&sum, -1), "not below");
    is_int(sum, INT64_MIN, "which stays");
    ok(llmobsi_signed_add(&sum, INT64_MAX) && sum == -1, "and up again");
    ok(llmobsi_signed_add(&sum, INT64_MIN + 1 + INT64_MAX) && sum == -1, "by nothing");
    ok(llmobsi_signed_add(&sum, 1) && llmobsi_signed_add(&sum, INT64_MAX), "up to the largest");
    ok(!llmobsi_signed_add(&sum, INT64_MAX) && sum == INT64_MAX, "not above");
}

/* ---- many at once -------------------------------------------------------------------------- */

typedef struct racer {
    stock* of;
    llmobsi_row* row;
    llmobsi_atomic64* cell;
    long additions;
    uint32_t claimed;
} racer;

static void* race(void* argument)
{
    racer* self = (racer*)argument;
    uint32_t page;
    long i;
    for (page = 0; page < ROW_PAGES; page++) {
        llmobsi_atomic64* cell =
            llmobsi_cell_touch(&self->of->cells, self->row, page * LLMOBS_I_PAGE_CELLS);
        if (cell != NULL) {
            llmobsi_store_relaxed(cell, (uint64_t)(uintptr_t)self);
            self->claimed++;
        }
    }
    for (i = 0; i < self->additions; i++) {
        (void)llmobsi_cell_add_shared(self->cell, 3);
    }
    return NULL;
}

static void test_races(void)
{
    stock* of = stock_make(PAGES - 20, ROW_PAGES); /* too few for all */
    llmobsi_atomic64 cell = 0;
    racer racers[ROWS - 1];
    pthread_t threads[ROWS - 1];
    uint32_t claimed = 0;
    uint32_t page;
    bool own = true;
    int i;
    for (i = 0; i < ROWS - 1; i++) {
        racers[i].of = of;
        racers[i].row = &of->rows[i + 1];
        racers[i].cell = &cell;
        racers[i].additions = sized(200000);
        racers[i].claimed = 0;
        (void)pthread_create(&threads[i], NULL, race, &racers[i]);
    }
    for (i = 0; i < ROWS - 1; i++) {
        (void)pthread_join(threads[i], NULL);
        claimed += racers[i].claimed;
    }
    for (i = 0; i < ROWS - 1; i++) {
        for (page = 0; page < ROW_PAGES; page++) {
            const llmobsi_atomic64* mine =
                llmobsi_cell_of(&of->rows[i + 1], page * LLMOBS_I_PAGE_CELLS);
            own &= mine == NULL || llmobsi_load_relaxed(mine) == (uint64_t)(uintptr_t)&racers[i];
        }
    }
    is_int(claimed, PAGES - 20, "racing claims get all pages there are");
    is_int(of->cells.pages_used, PAGES - 20, "no more are counted");
    ok(own, "and none is given twice");
    is_int(cell, (ROWS - 1) * 3 * racers[0].additions, "racing additions all count");
    stock_free(of);
}

int main(void)
{
    test_claims();
    test_numbers();
    test_additions();
    test_races();
    return done();
}
