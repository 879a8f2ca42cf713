/* SPDX-License-Identifier: MIT */
/*
 * Lines on stderr. Owns nothing; any thread, any handler.
 */
#include "log.h"

#include "options.h"
#include "sys.h"

void eps_line_text(struct eps_line *line, const char *text)
{
    /* One byte stays for the newline; what would look like one is cut. */
    while (*text && line->length < sizeof(line->text) - 1) {
        unsigned char byte = (unsigned char)*text++;
        line->text[line->length++] = byte < ' ' || byte == 127 ? '?' : byte;
    }
}

void eps_line_number(struct eps_line *line, int64_t number)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

    *--at = '\0';
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        *--at = '-';
    eps_line_text(line, at);
}

_Bool eps_line_write(struct eps_line *line, int fd)
{
    line->text[line->length++] = '\n';
    long written = EPS_SYS3(SYS_write, fd, line->text, line->length);
    _Bool whole = written == (long)line->length;
    line->length = 0;
    return whole;
}

void eps_complain_texts(const char *const texts[])
{
    struct eps_line line;

    line.length = 0;
    eps_line_text(&line, "libepollshim: ");
    for (int i = 0; texts[i]; i++)
        eps_line_text(&line, texts[i]);
    eps_line_write(&line, 2);
}

void eps_log_texts(enum eps_log_level level, const char *const texts[])
{
    if (level <= eps_options.log)
        eps_complain_texts(texts);
}
