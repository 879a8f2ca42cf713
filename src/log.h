/* SPDX-License-Identifier: MIT */
/*
 * Lines on stderr, put together without stdio or malloc and written by one
 * system call. Silent unless asked, but for a malformed configuration. A line
 * that would do the program harm is not written.
 */
#ifndef EPS_LOG_H
#define EPS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum eps_log_level {
    EPS_LOG_OFF,
    EPS_LOG_ERROR,
    EPS_LOG_WARN,
    EPS_LOG_INFO,
    EPS_LOG_DEBUG,
};

/* A line under construction; what does not fit is cut. */
struct eps_line {
    char text[512];
    size_t length;
};

void eps_line_text(struct eps_line *line, const char *text);
void eps_line_number(struct eps_line *line, int64_t number);

/* First of all in start-up: what number 2 is now, is stderr. */
void eps_log_start(void);

/* Its number; -1 if number 2 is another file by now, or none. */
int eps_stderr(void);

/*
 * Ends the line and writes it to a descriptor; false if that fails, as it does
 * where it would have to wait. No signal comes of it.
 */
bool eps_line_write(struct eps_line *line, int fd);

/* "libepollshim: " and the texts, on stderr, always. */
void eps_complain_texts(const char *const texts[]);
#define eps_complain(...)                                                      \
    eps_complain_texts((const char *const[]){__VA_ARGS__, NULL})

/* The same, if the configured level asks for it. */
void eps_log_texts(enum eps_log_level level, const char *const texts[]);
#define eps_log(level, ...)                                                    \
    eps_log_texts(level, (const char *const[]){__VA_ARGS__, NULL})

#endif
