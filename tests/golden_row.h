/* What tests/golden/probability.py has found out. */
#ifndef GOLDEN_ROW_H
#define GOLDEN_ROW_H

typedef enum golden_name {
    OF_LOG,
    OF_EXP,
    OF_LOG_GAMMA,
    OF_GAMMA_Q,
    OF_NORMAL_UPPER,
    OF_NORMAL_BOTH,
    OF_NORMAL_QUANTILE,
    OF_CHI_SQUARE,
    OF_URN,
    OF_FISHER,
    OF_COUNT
} golden_name;

typedef struct golden_row {
    golden_name name;
    double arguments[4];
    double value;
} golden_row;

#include "golden/probability.h"

#define GOLDEN_ROWS (sizeof(golden_rows) / sizeof(golden_rows[0]))

#endif
