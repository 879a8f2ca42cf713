/* SPDX-License-Identifier: MIT */
/* Ops as text: what a person reads when a failing run has been shrunk. */
#define _GNU_SOURCE
#include "op.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "kind.h"

static const struct {
    const char *name;
    const char *args;
} table[OP_COUNT] = {
#define OP(name, args) {#name, args},
    OP_TABLE(OP)
#undef OP
};

void op_append(struct op_list *list, struct op op)
{
    if (list->n == list->room) {
        list->room = list->room ? 2 * list->room : 1024;
        list->op = realloc(list->op, list->room * sizeof(*list->op));
        if (!list->op)
            abort();
    }
    list->op[list->n++] = op;
}

void op_free(struct op_list *list)
{
    free(list->op);
    *list = (struct op_list){0};
}

static const char *name_of(char type, int value)
{
    switch (type) {
    case 'k':
        return kind_name((enum kind)value);
    case 'y':
        return symbol_name((enum symbol)value);
    case 't':
        return timeout_name(value);
    }
    return NULL;
}

void op_print(FILE *out, const struct op *op)
{
    const char *args = table[op->code].args;
    fputs(table[op->code].name, out);
    for (int i = 0; args[i]; i++) {
        const char *name = name_of(args[i], op->arg[i]);
        if (name)
            fprintf(out, " %s", name);
        else
            fprintf(out, args[i] == 'x' ? " %#x" : " %d", op->arg[i]);
    }
    fputc('\n', out);
}

/* Reads a word as an argument of that type. */
static bool parse_arg(char type, const char *word, int32_t *value)
{
    int names = type == 'k' ? KIND_COUNT : type == 'y' ? SYMBOL_COUNT : 0;
    for (int i = 0; i < names; i++) {
        if (!strcmp(word, name_of(type, i))) {
            *value = i;
            return true;
        }
    }
    if (type == 't' && timeout_parse(word, value))
        return true;
    char *end;
    *value = (int32_t)strtol(word, &end, 0);
    return !names && end != word && !*end;
}

static bool parse_line(char *line, struct op *op)
{
    char *save = NULL;
    char *word = strtok_r(line, " \t\n", &save);
    int code = 0;
    while (code < OP_COUNT && strcmp(table[code].name, word))
        code++;
    if (code == OP_COUNT)
        return false;
    *op = (struct op){.code = (enum op_code)code};
    for (int i = 0; table[code].args[i]; i++) {
        word = strtok_r(NULL, " \t\n", &save);
        if (!word || !parse_arg(table[code].args[i], word, &op->arg[i]))
            return false;
    }
    return !strtok_r(NULL, " \t\n", &save);
}

bool op_read(FILE *in, struct op_list *list)
{
    char line[256], copy[256];
    for (int number = 1; fgets(line, sizeof(line), in); number++) {
        struct op op;
        strcpy(copy, line);
        if (line[strspn(line, " \t\n")] == '\0' || *line == '#')
            continue;
        if (!parse_line(copy, &op)) {
            fprintf(stderr, "diff: script, line %d is no op: %s", number, line);
            return false;
        }
        op_append(list, op);
    }
    return true;
}
