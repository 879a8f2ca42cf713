/* SPDX-License-Identifier: MIT */
/* Curves in the terminal: both axes logarithmic. Pure but for the printing. */
#ifndef CMD_CURVE_H
#define CMD_CURVE_H

enum {
    CMD_CURVES = 3,
    CMD_CURVE_POINTS = 16
};

struct cmd_curve {
    const char *x_name, *y_name;
    const char *names[CMD_CURVES]; /* each is drawn by its first letter */
    int points;
    double x[CMD_CURVE_POINTS]; /* rising */
    double y[CMD_CURVES][CMD_CURVE_POINTS];
};

/* Where values lie on top of one another, '*' is drawn. */
void cmd_curve_print(const struct cmd_curve *curve);

#endif
