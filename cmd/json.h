/* SPDX-License-Identifier: MIT */
/*
 * Writes one JSON value on stdout, piece by piece; commas and indentation
 * follow from the order of the calls.
 */
#ifndef CMD_JSON_H
#define CMD_JSON_H

#include <stdbool.h>
#include <stdint.h>

struct cmd_json {
    int depth;
    bool more; /* a value stands before this one */
};

/* `name` is NULL in a list, and for the outermost value. */
void cmd_json_open(struct cmd_json *json, const char *name, char bracket);
void cmd_json_close(struct cmd_json *json, char bracket);
void cmd_json_text(struct cmd_json *json, const char *name, const char *text);
void cmd_json_counter(struct cmd_json *json, const char *name,
                      uint64_t counter);
void cmd_json_number(struct cmd_json *json, const char *name, int64_t number);
void cmd_json_real(struct cmd_json *json, const char *name, double number);
void cmd_json_bool(struct cmd_json *json, const char *name, bool value);

#endif
