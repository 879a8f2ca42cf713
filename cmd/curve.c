/* SPDX-License-Identifier: MIT */
/* Draws curves with letters, on 16 lines of at most 72 characters. */
#include "curve.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    ROWS = 13,
    COLUMNS = 60
};

struct axis {
    double low, high; /* logarithms */
};

static void stretch(struct axis *axis, double value)
{
    double at = log10(value > 1 ? value : 1);

    axis->low = at < axis->low ? at : axis->low;
    axis->high = at > axis->high ? at : axis->high;
}

/* From 0 to last. */
static int place(const struct axis *axis, double value, int last)
{
    double at = log10(value > 1 ? value : 1);
    double span = axis->high - axis->low;

    return span > 0 ? (int)lround((at - axis->low) / span * last) : 0;
}

static void plot(const struct cmd_curve *curve, char grid[ROWS][COLUMNS + 1],
                 const struct axis *x, const struct axis *y)
{
    for (int c = 0; c < CMD_CURVES; c++)
        for (int i = 0; i < curve->points; i++) {
            char *cell = &grid[ROWS - 1 - place(y, curve->y[c][i], ROWS - 1)]
                              [place(x, curve->x[i], COLUMNS - 1)];
            *cell = *cell == ' ' ? curve->names[c][0] : '*';
        }
}

static void print_x(const struct cmd_curve *curve, const struct axis *x)
{
    char line[COLUMNS + 16];
    int next = 0;

    memset(line, ' ', sizeof(line));
    for (int i = 0; i < curve->points; i++) {
        char number[16];
        int length = snprintf(number, sizeof(number), "%.0f", curve->x[i]);
        int at = place(x, curve->x[i], COLUMNS - 1);
        if (at < next || at + length >= (int)sizeof(line))
            continue;
        memcpy(line + at, number, (size_t)length);
        next = at + length + 1;
    }
    line[next > 0 ? next - 1 : 0] = '\0';
    printf("%9s  %s\n", "", line);
}

void cmd_curve_print(const struct cmd_curve *curve)
{
    struct axis x = {HUGE_VAL, -HUGE_VAL}, y = x;
    char grid[ROWS][COLUMNS + 1];

    for (int i = 0; i < curve->points; i++) {
        stretch(&x, curve->x[i]);
        for (int c = 0; c < CMD_CURVES; c++)
            stretch(&y, curve->y[c][i]);
    }
    for (int row = 0; row < ROWS; row++)
        snprintf(grid[row], COLUMNS + 1, "%*s", COLUMNS, "");
    plot(curve, grid, &x, &y);
    printf("%s, by %s:", curve->y_name, curve->x_name);
    for (int c = 0; c < CMD_CURVES; c++)
        printf(" %c %s%s", curve->names[c][0], curve->names[c],
               c + 1 < CMD_CURVES ? "," : "\n");
    for (int row = 0; row < ROWS; row++) {
        double at = y.high - (y.high - y.low) * row / (ROWS - 1);
        if (row % 4 == 0)
            printf("%9.0f |%s\n", pow(10, at), grid[row]);
        else
            printf("%9s |%s\n", "", grid[row]);
    }
    print_x(curve, &x);
}
