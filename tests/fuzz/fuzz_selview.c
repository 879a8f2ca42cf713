/* SPDX-License-Identifier: MIT */
/*
 * Three bitmaps that change between calls as the input says, may be missing,
 * or be one and the same: interest and answer against a look at every bit.
 */
#include "fuzz.h"

#include "selview.h"

#include <string.h>

enum {
    MOST = 320,
    WORD = 8 * sizeof(long),
    WORDS = MOST / WORD,
    CALLS = 64
};

static unsigned long bits[EPS_SETS][WORDS];
static struct eps_bitmaps passed;
static int nfds;
static unsigned ready[MOST];

static const unsigned events_of[EPS_SETS] = {
    POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR | POLLNVAL,
    POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR | POLLNVAL,
    POLLPRI | POLLNVAL,
};

static bool get(const unsigned long *map, int fd)
{
    return map && (map[fd / WORD] >> fd % WORD & 1);
}

static void pass_sets(struct input *in)
{
    unsigned how = byte_of(in);

    for (int set = 0; set < EPS_SETS; set++)
        passed.bits[set] = how >> set & 1 ? NULL : bits[set];
    if (how & 8)
        passed.bits[EPS_EXCEPT] = passed.bits[EPS_READ];
}

static void change(struct input *in)
{
    for (unsigned n = byte_of(in) % 8; n > 0; n--) {
        int set = (int)(byte_of(in) % EPS_SETS), fd = (int)word_of(in) % MOST;
        bits[set][fd / WORD] ^= 1ul << fd % WORD;
    }
    switch (byte_of(in) % 4) {
    case 0:
        nfds = (int)word_of(in) % MOST + 1;
        break;
    case 1:
        pass_sets(in);
    }
    ready[word_of(in) % MOST] = word_of(in);
}

static bool asked(int set, int fd)
{
    return fd < nfds && get(passed.bits[set], fd);
}

static void check_helpers(void)
{
    int highest = -1;
    uint32_t number = 0;

    for (int fd = 0; fd < nfds; fd++)
        if (asked(0, fd) || asked(1, fd) || asked(2, fd)) {
            highest = fd;
            number++;
        }
    AGREE(eps_bitmaps_count(&passed, nfds) == number);
    AGREE(eps_bitmaps_highest(&passed, nfds, 0) == highest);
    AGREE(eps_bitmaps_have(&passed, nfds, number));
    AGREE(!eps_bitmaps_have(&passed, nfds, number + 1));
}

/* Some numbers get a registration, others are looked at natively. */
static bool is_kept(int fd)
{
    return fd % 3 != 0;
}

static void check_interest(struct eps_registry *registry)
{
    for (int fd = 0; fd < nfds; fd++) {
        const struct eps_reg *reg = eps_registry_at(registry, fd);
        unsigned want = 0;
        bool wanted = false;
        for (int set = 0; set < EPS_SETS; set++)
            if (asked(set, fd)) {
                want |= events_of[set];
                wanted = true;
            }
        if (!wanted && is_kept(fd))
            continue; /* as it was when it was asked about */
        want &= ~(unsigned)(POLLHUP | POLLERR | POLLNVAL);
        AGREE(!(reg->flags & EPS_REG_WANTED) == !wanted);
        AGREE(reg->want == want);
    }
}

static int tell(struct eps_selview *view)
{
    int told = 0;

    eps_selview_begin(view);
    for (int fd = 0; fd < nfds; fd++)
        told += eps_selview_tell(view, fd, ready[fd]);
    return told;
}

/* The answer, put together bit by bit in the kernel's order. */
static int expect(unsigned long after[EPS_SETS][WORDS])
{
    int told = 0, words = (nfds + WORD - 1) / WORD;

    memcpy(after, bits, sizeof(bits));
    for (int set = 0; set < EPS_SETS; set++) {
        unsigned long answer[WORDS] = {0};
        for (int fd = 0; fd < nfds; fd++)
            if (asked(set, fd) && (ready[fd] & events_of[set])) {
                answer[fd / WORD] |= 1ul << fd % WORD;
                told++;
            }
        if (passed.bits[set])
            memcpy(after[passed.bits[set] == bits[EPS_READ] ? EPS_READ : set],
                   answer, (size_t)words * sizeof(*answer));
    }
    return told;
}

static void call(struct eps_selview *view, struct eps_registry *registry)
{
    unsigned long after[EPS_SETS][WORDS];
    int fd, told = expect(after);

    check_helpers();
    AGREE(eps_selview_count(view, &passed, nfds) ==
          eps_bitmaps_count(&passed, nfds));
    AGREE(eps_selview_update(view, registry, &passed, nfds));
    AGREE(view->count == eps_bitmaps_count(&passed, nfds));
    AGREE(eps_selview_is_same(view, &passed, nfds));
    while ((fd = eps_registry_next_dirty(registry)) >= 0) {
        eps_selview_settle(view, fd, eps_registry_at(registry, fd));
        eps_selview_keep(view, fd, is_kept(fd));
    }
    check_interest(registry);
    AGREE(tell(view) == told);
    eps_selview_write(view, &passed);
    AGREE(memcmp(after, bits, sizeof(bits)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    struct eps_selview view = {.nfds = 0};
    static struct eps_registry registry;

    memset(bits, 0, sizeof(bits));
    memset(ready, 0, sizeof(ready));
    nfds = (int)word_of(&in) % MOST + 1;
    pass_sets(&in);
    for (int i = 0; i < CALLS && in.at < in.end; i++) {
        change(&in);
        call(&view, &registry);
    }
    eps_selview_clear(&view);
    eps_registry_clear(&registry);
    return 0;
}
