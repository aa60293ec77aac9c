/* Cells: the numbers that recording adds to. A row of cells belongs to one thread, which alone
   writes them, so that an addition is a load and a store; who reads them sums the rows. Pages of a
   row are claimed when their thread first touches them: a thread costs what it uses. One more row,
   of which every page that a series needs is there, is shared: it is added to by locked
   instructions, from where a thread has no row or no page to be had. */

#define LLMOBS_I_PAGE_CELLS 512u
#define LLMOBS_I_NO_CELLS UINT32_MAX
#define LLMOBS_I_COLD_CELLS 160u /* cells of a cold run */
#define LLMOBS_I_COLD_RUNS (LLMOBS_I_PAGE_CELLS / LLMOBS_I_COLD_CELLS) /* in a page */

typedef struct llmobsi_page {
    llmobsi_atomic64 cells[LLMOBS_I_PAGE_CELLS];
} llmobsi_page;

/* By a cell's number / LLMOBS_I_PAGE_CELLS; NULL while untouched. The row's owner writes (of the
   shared one: who holds the registry's lock), readers read. */
typedef struct llmobsi_row {
    llmobsi_page** pages;
} llmobsi_row;

/* The pages of all rows. Numbers of cells go up from 0 for what every recorder touches, page by
   page down from the top for what few ever need: cold runs. */
typedef struct llmobsi_cells {
    llmobsi_page* pages;
    uint32_t page_count;
    llmobsi_atomic32 pages_used; /* any thread, by compare-and-swap */
    uint32_t row_pages;          /* pages that a row can have */
    uint32_t warm;               /* next cell; under the registry's lock, as is the next */
    uint32_t cold;               /* next run  */
    llmobsi_row shared;
} llmobsi_cells;

/* The cell of a row; NULL when its page has not been claimed. For the row's owner. */
llmobsi_inline llmobsi_atomic64* llmobsi_cell_at(const llmobsi_row* row, uint32_t cell)
{
    llmobsi_page* page =
        llmobsi_pointer_load_relaxed(llmobsi_page, &row->pages[cell / LLMOBS_I_PAGE_CELLS]);
    return llmobsi_likely(page != NULL) ? &page->cells[cell % LLMOBS_I_PAGE_CELLS] : NULL;
}

/* The same for those who read the rows of others. */
llmobsi_inline const llmobsi_atomic64* llmobsi_cell_of(const llmobsi_row* row, uint32_t cell)
{
    const llmobsi_page* page =
        llmobsi_pointer_load_acquire(llmobsi_page, &row->pages[cell / LLMOBS_I_PAGE_CELLS]);
    return page != NULL ? &page->cells[cell % LLMOBS_I_PAGE_CELLS] : NULL;
}

/* Claims the page that a cell of a row is in. NULL: there is no page left. */
llmobsi_cold llmobsi_atomic64* llmobsi_cell_claim(llmobsi_cells* cells, llmobsi_row* row,
                                                  uint32_t cell)
{
    uint32_t used = llmobsi_load_relaxed(&cells->pages_used);
    llmobsi_page* page;
    do {
        if (used == cells->page_count) {
            return NULL;
        }
    } while (!llmobsi_cas_acquire_release(&cells->pages_used, &used, used + 1));
    page = &cells->pages[used];
    memset(page, 0, sizeof *page);
    llmobsi_pointer_store_release(&row->pages[cell / LLMOBS_I_PAGE_CELLS], page);
    return &page->cells[cell % LLMOBS_I_PAGE_CELLS];
}

llmobsi_inline llmobsi_atomic64* llmobsi_cell_touch(llmobsi_cells* cells, llmobsi_row* row,
                                                    uint32_t cell)
{
    llmobsi_atomic64* place = llmobsi_cell_at(row, cell);
    return place != NULL ? place : llmobsi_cell_claim(cells, row, cell);
}

/* ---- numbers of cells, under the registry's lock ------------------------------------------- */

llmobsi_fn uint32_t llmobsi_cold_pages(uint32_t runs)
{
    return (runs + LLMOBS_I_COLD_RUNS - 1) / LLMOBS_I_COLD_RUNS;
}

/* `count` cells in one page (a page at most), with their part of the shared row. LLMOBS_I_NO_CELLS
   when there is no room. */
llmobsi_fn uint32_t llmobsi_cells_take(llmobsi_cells* cells, uint32_t count)
{
    uint32_t first = cells->warm;
    if (first % LLMOBS_I_PAGE_CELLS + count > LLMOBS_I_PAGE_CELLS) {
        first += LLMOBS_I_PAGE_CELLS - first % LLMOBS_I_PAGE_CELLS;
    }
    if (first / LLMOBS_I_PAGE_CELLS + llmobsi_cold_pages(cells->cold) >= cells->row_pages ||
        llmobsi_cell_touch(cells, &cells->shared, first) == NULL) {
        return LLMOBS_I_NO_CELLS;
    }
    cells->warm = first + count;
    return first;
}

/* LLMOBS_I_COLD_CELLS cells, of which not even the shared row's are there yet. */
llmobsi_fn uint32_t llmobsi_cells_take_cold(llmobsi_cells* cells)
{
    uint32_t warm_pages = (cells->warm + LLMOBS_I_PAGE_CELLS - 1) / LLMOBS_I_PAGE_CELLS;
    uint32_t pages = llmobsi_cold_pages(cells->cold + 1);
    uint32_t run = cells->cold % LLMOBS_I_COLD_RUNS;
    if (warm_pages + pages > cells->row_pages) {
        return LLMOBS_I_NO_CELLS;
    }
    cells->cold++;
    return (cells->row_pages - pages) * LLMOBS_I_PAGE_CELLS + run * LLMOBS_I_COLD_CELLS;
}

/* In the child of a fork, alone: all rows from zero. */
llmobsi_fn void llmobsi_cells_clear(llmobsi_cells* cells)
{
    uint32_t used = llmobsi_load_relaxed(&cells->pages_used);
    memset(cells->pages, 0, used * sizeof *cells->pages);
}

/* ---- additions ----------------------------------------------------------------------------- */

/* Cells that only grow stop at the largest number that every format can carry. */
#define LLMOBS_I_CELL_MOST ((uint64_t)INT64_MAX)

/* By the one writer. False, and nothing is added: the sum would leave its range, or the amount is
   outside of it. One test of the top bit tells both. */
llmobsi_inline bool llmobsi_cell_add(llmobsi_atomic64* cell, uint64_t amount)
{
    uint64_t sum = llmobsi_load_relaxed(cell) + amount;
    if (llmobsi_unlikely((int64_t)(sum | amount) < 0)) {
        return false;
    }
    llmobsi_store_relaxed(cell, sum);
    return true;
}

/* By any of many. False: the sum has come to its end, and stays there. */
llmobsi_fn bool llmobsi_cell_add_shared(llmobsi_atomic64* cell, uint64_t amount)
{
    uint64_t sum = llmobsi_load_relaxed(cell);
    bool fits;
    uint64_t next;
    do {
        fits = amount <= LLMOBS_I_CELL_MOST - sum;
        next = fits ? sum + amount : LLMOBS_I_CELL_MOST;
    } while (!llmobsi_cas_acquire_release(cell, &sum, next));
    return fits;
}

/* The sum of two numbers that may be negative, held within their range. */
llmobsi_fn bool llmobsi_signed_add(int64_t* sum, int64_t amount)
{
    if (amount > 0 ? *sum > INT64_MAX - amount : *sum < INT64_MIN - amount) {
        *sum = amount > 0 ? INT64_MAX : INT64_MIN;
        return false;
    }
    *sum += amount;
    return true;
}
