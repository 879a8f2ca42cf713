/* SPDX-License-Identifier: MIT */
/* A fuzz target without a fuzzer: each file named is one input. */
#include "fuzz.h"

#define MOST 65536

int main(int argc, char *argv[])
{
    static uint8_t bytes[MOST];

    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) {
            perror(argv[i]);
            return 1;
        }
        size_t size = fread(bytes, 1, sizeof(bytes), file);
        fclose(file);
        LLVMFuzzerTestOneInput(bytes, size);
    }
    printf("%d inputs\n", argc - 1);
    return argc > 1 ? 0 : 1;
}
