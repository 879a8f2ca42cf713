/* SPDX-License-Identifier: MIT */
/*
 * Fact P5 and section 2: what is reported for every kind of descriptor in
 * every state, and what select() must not be woken for.
 *
 * For P5 the expectation is the kernel's own answer, asked a moment before
 * through the bare system call; the states do not change by themselves.
 */
#include "fact_states.h"

static const short masks[] = {
    0,          POLLIN,     POLLOUT,    POLLPRI, POLLRDHUP, POLLRDNORM,
    POLLRDBAND, POLLWRNORM, POLLWRBAND, POLLMSG, 0x27ff,    -1,
};

/* Names the state next to the call, for a failure's message. */
static const char *name_call(const char *call, const char *state)
{
    static char text[80];
    snprintf(text, sizeof(text), "%s of %s", call, state);
    return text;
}

static void masks_of_state(const struct poll_call *c, const int fd[4])
{
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
        struct pollfd one = {.fd = fd[0], .events = masks[m]};
        int count = raw_ppoll(&one, 1, &(struct timespec){0, 0});
        set[0] = (struct pollfd){.fd = fd[0], .events = masks[m]};
        for (EACH_ROUND) {
            same(poll_for(c, set, n, 0), count);
            same(set[0].revents, one.revents);
            same(set[0].events, masks[m]);
        }
    }
}

static void every_mask(const struct poll_call *c)
{
    int fd[4];
    for (size_t i = 0; i < state_count; i++) {
        fact_call = name_call(c->name, states[i].name);
        make_state(&states[i], fd);
        masks_of_state(c, fd);
        end_state(&states[i], fd);
    }
}

static void P5_poll_masks_of_every_state(void **state)
{
    (void)state;
    each_poll(every_mask);
}

static void sets_of_state(const struct select_call *c, const int fd[4])
{
    static const char *const letters[] = {"r", "w", "x", "rw", "rwx"};
    for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
        struct sets b, raw, got;
        gather_bits(&b);
        want(&b, fd[0], letters[i]);
        raw = b;
        int count = raw_pselect6(b.n, &raw.in, &raw.out, &raw.ex,
                                 &(struct timespec){0, 0});
        for (EACH_ROUND) {
            same(select_for(c, &b, &got, 0), count < 0 ? -1 : count);
            same(told(&got, fd[0]), told(&raw, fd[0]));
            same(memcmp(&got, &raw, sizeof(got)), 0);
        }
    }
}

static void every_set(const struct select_call *c)
{
    int fd[4];
    for (size_t i = 0; i < state_count; i++) {
        fact_call = name_call(c->name, states[i].name);
        make_state(&states[i], fd);
        sets_of_state(c, fd);
        end_state(&states[i], fd);
    }
}

static void P5_select_sets_of_every_state(void **state)
{
    (void)state;
    each_select(every_set);
}

/*
 * Section 2: which event satisfies which set. HUP is a read event only, ERR a
 * read and write event. The third column's sets stay quiet though epoll
 * cannot be kept from reporting either.
 */
static const struct {
    struct state state;
    const char *satisfied, *quiet;
} unwanted[] = {
    {STATE(pipe_hup), "r", "wx"},      {STATE(pipe_broken), "rw", "x"},
    {STATE(stream_hup), "rw", "x"},    {STATE(stream_shut), "rw", "x"},
    {STATE(tcp_both_shut), "rw", "x"}, {STATE(udp_refused), "rw", "x"},
};

/* Waits in vain for one set; then a byte elsewhere must still be seen. */
static void waits_in_vain(const struct select_call *c, int fd,
                          const char *quiet)
{
    int pair[2];
    struct sets b, got;
    stream_pair(pair);
    gather_bits(&b);
    want(&b, pair[0], "r");
    want(&b, fd, quiet);
    for (EACH_ROUND) {
        double start = clock_ms(), cpu = clock_cpu_ms();
        same(select_for(c, &b, &got, 40), 0);
        double slept = clock_ms() - start;
        holds(slept >= 40);
        /* Woken over and over it would have used all the time it had. */
        holds(clock_cpu_ms() - cpu < slept / 2);
        send_byte(pair[1]);
        same(select_for(c, &b, &got, -1), 1);
        same(told(&got, pair[0]), 4);
        same(told(&got, fd), 0);
        take_byte(pair[0]);
    }
    close_pair(pair);
}

static void is_satisfied(const struct select_call *c, int fd,
                         const char *satisfied)
{
    struct sets b, got;
    gather_bits(&b);
    want(&b, fd, satisfied);
    for (EACH_ROUND)
        same(select_for(c, &b, &got, -1), strlen(satisfied));
}

static void unwanted_events(const struct select_call *c)
{
    for (size_t i = 0; i < ARRAY_SIZE(unwanted); i++) {
        int fd[4];
        fact_call = name_call(c->name, unwanted[i].state.name);
        make_state(&unwanted[i].state, fd);
        waits_in_vain(c, fd[0], unwanted[i].quiet);
        /* What was not wanted in one set is in another, and back. */
        is_satisfied(c, fd[0], unwanted[i].satisfied);
        waits_in_vain(c, fd[0], unwanted[i].quiet);
        end_state(&unwanted[i].state, fd);
    }
}

static void M1_hup_and_err_wake_only_the_sets_they_satisfy(void **state)
{
    (void)state;
    each_select(unwanted_events);
}

/* Section 2: the same when the event comes while select() sleeps. */
static void hang_up_later(void *peer)
{
    clock_sleep_ms(30);
    close(*(int *)peer);
}

static void event_during_sleep(const struct select_call *c)
{
    int fd[2];
    struct sets b, got;
    open_pipe(fd);
    gather_bits(&b);
    want(&b, fd[0], "w");
    settle_bits(c, &b, &got);
    pid_t pid = child_start(hang_up_later, &fd[1]);
    close(fd[1]);
    double start = clock_ms();
    same(select_for(c, &b, &got, 120), 0);
    holds(clock_ms() - start >= 120);
    child_wait(pid);
    FD_SET(fd[0], &b.in);
    for (EACH_ROUND) {
        same(select_for(c, &b, &got, -1), 1);
        same(told(&got, fd[0]), 4);
    }
    close(fd[0]);
}

static void M2_a_hup_during_the_sleep_wakes_no_writer(void **state)
{
    (void)state;
    each_select(event_during_sleep);
}

/* Section 2: to poll() both are always of interest, and told every time. */
static void always_told(const struct poll_call *c)
{
    static const struct {
        struct state state;
        short told;
    } cases[] = {
        {STATE(pipe_hup), POLLHUP},
        {STATE(pipe_broken), POLLERR},
        {STATE(stream_hup), POLLHUP},
        {STATE(udp_refused), POLLERR},
    };
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int fd[4];
        fact_call = name_call(c->name, cases[i].state.name);
        make_state(&cases[i].state, fd);
        set[0].fd = fd[0];
        for (EACH_ROUND) {
            same(poll_for(c, set, n, -1), 1);
            same(set[0].revents, cases[i].told);
        }
        end_state(&cases[i].state, fd);
    }
}

static void M3_hup_and_err_are_told_though_nothing_was_asked(void **state)
{
    (void)state;
    each_poll(always_told);
}

static const struct suite_test tests[] = {
    TEST(P5_poll_masks_of_every_state),
    TEST(P5_select_sets_of_every_state),
    TEST(M1_hup_and_err_wake_only_the_sets_they_satisfy),
    TEST(M2_a_hup_during_the_sleep_wakes_no_writer),
    TEST(M3_hup_and_err_are_told_though_nothing_was_asked),
};

SUITE(tests)
