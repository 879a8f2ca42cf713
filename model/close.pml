/* SPDX-License-Identifier: MIT */
/*
 * The close protocol, model-checked: one descriptor number, SETS threads that
 * each wait for it on an epoll set of their own, one thread that closes the
 * number and opens another file there, a peer that makes either file ready at
 * any moment, and a child, forked or vforked, that closes its copy.
 *
 * One statement of the model is one atomic access to shared memory or one
 * system call of the code; what is in `atomic` is one of these and the notes
 * that the claims need. What is modelled stands above each piece by the name
 * of its function in src/. Memory is sequentially consistent here: so is
 * the code where that matters (eps_epset_fall_asleep, eps_journal_note).
 *
 * Claims:
 *  (1) No wake-up is lost. When nothing moves any more, a thread still asleep
 *      is one that poll() might have left asleep as well: of the files (or
 *      the lack of one) that its call may have met at the number, at least
 *      one was never ready before its close() began.
 *  (2) No event of a former owner is told, and nothing is told as closed that
 *      was open throughout.
 * So it is no fault that a file becomes ready while its close() is under way,
 * and nobody wakes: the program can't tell which came first. Nor is it one
 * that a call on a number nobody had asked about finds the file there until
 * the close() that is under way returns.
 *
 * -D chooses: SETS, CALLS (of each thread), CHILD (0 none, 1 fork, 2 vfork),
 * DUP2 (the number is replaced in one step), FAILS (1: the real close may
 * fail, 2: and is made again then), CLOSER (0: nobody closes but the child),
 * KNOWN (the kind of file is known from the start, as an accept() tells it),
 * MORE (each call asks for more than the one before), RANGE (it is closed as one
 * of a range of numbers), and faults by their names, which model/check must see found.
 */
#ifndef SETS
#define SETS 1
#endif
#ifndef CALLS
#define CALLS 2
#endif
#ifndef CHILD
#define CHILD 0
#endif
#ifndef DUP2
#define DUP2 0
#endif
#ifndef FAILS
#define FAILS 0
#endif
#ifndef CLOSER
#define CLOSER 1
#endif

#ifndef KNOWN
#define KNOWN 0
#endif
#ifndef MORE
#define MORE 0
#endif
#ifndef RANGE
#define RANGE 0
#endif

#define CLOSED 0 /* no file */
#define A 1
#define B 2
#define FILES 3

#define BIT(file) (1 << (file))

/* --- the kernel ------------------------------------------------------------ */

byte at = A;         /* the file at the number in our table */
byte child_at = 0;   /* ... and in the child's */
bool ready[FILES];

typedef epoll {
    bool item[FILES]; /* it has an item of (file, number) */
    byte tag[FILES];  /* ... under this generation */
    bool bell;
};
epoll ep[SETS];

/* A file's last close takes its items out of all sets. */
inline drop(file)
{
    if
    :: file != CLOSED && at != file && child_at != file ->
        ep[0].item[file] = false;
#if SETS > 1
        ep[1].item[file] = false;
#endif
    :: else
    fi
}

#define FIRES(s, file) (ep[s].item[file] && ready[file])
#define READABLE(s) (FIRES(s, A) || FIRES(s, B) || ep[s].bell)

/* --- fdwatch.c, journal.c -------------------------------------------------- */

#define NOBODY 9
#define MANY 8

byte generation;
byte holder = NOBODY;
bool seen_closed; /* the flags CLOSED and ENDING of the number's word */
bool ending;
bool known = KNOWN; /* its kind */
byte head;        /* of the journal; it can tell of one number only */

/* eps_fdwatch_matters() */
#define MATTERS (holder != NOBODY || known || ending)

/* step(): the word, then the journal */
inline step(is_closed, is_ending, who)
{
    atomic {
        generation++;
        who = holder;
        seen_closed = is_closed;
        ending = is_ending;
        known = false
    }
    if
    :: who != NOBODY -> head++
    :: else
    fi
}

/* --- the sets -------------------------------------------------------------- */

#define ABSENT 0
#define REGISTERED 1
#define RESIDUAL 2

typedef set {
    byte state;
    byte gen;
    byte mark;
    bool dirty;
    bool haunted;
    bool asleep;
};
set sets[SETS];

/* What the claims need to know. */
bool blocked[SETS];
byte met[SETS];    /* what was at the number since the call began */
bool in_call[SETS];
bool early[FILES]; /* was ready before its close() began */
bool closing;
bool passed; /* a close() of a number that did not matter is under way */

inline note_met()
{
    met[0] = met[0] | (in_call[0] && !blocked[0] -> BIT(at) : 0);
#if SETS > 1
    met[1] = met[1] | (in_call[1] && !blocked[1] -> BIT(at) : 0);
#endif
}

/* --- eps_epset_prepare(): rebuild(), read_journal(), eps_settle_all() ------- */

inline rebuild(s)
{
    atomic {
        ep[s].item[A] = false;
        ep[s].item[B] = false;
        ep[s].bell = false;
        sets[s].haunted = false;
        sets[s].mark = head;
        if
        :: sets[s].state == REGISTERED ->
            sets[s].state = ABSENT;
            sets[s].dirty = true
        :: sets[s].state == RESIDUAL && sets[s].gen != generation ->
            sets[s].dirty = true /* check_number() */
        :: else
        fi
    }
}

inline read_journal(s)
{
    sets[s].mark = head;
    if
    :: sets[s].state != ABSENT && sets[s].gen != generation ->
        sets[s].dirty = true
    :: else
    fi
}

/* eps_fdwatch_hold() */
inline hold(s)
{
    atomic {
        if
        :: holder == NOBODY || holder == s -> holder = s
        :: else -> holder = MANY
        fi;
        seen_closed = false
    }
}

/*
 * enter(): hold, read the generation, ADD, or MOD what is there already. A
 * number whose close is under way is left to the native call.
 */
inline enter(s)
{
#ifdef FAULT_GENERATION_BEFORE_HOLD
    atomic { sets[s].gen = generation; residual = ending }
    hold(s);
#else
    hold(s);
    atomic { sets[s].gen = generation; residual = ending }
#endif
#ifdef FAULT_ENDING_IS_REGISTERED
    residual = false;
#endif
    atomic {
        exists = false;
        if
        :: at == CLOSED || residual -> sets[s].state = RESIDUAL
        :: !residual && at != CLOSED && ep[s].item[at] -> exists = true
        :: else ->
            ep[s].item[at] = true;
            ep[s].tag[at] = sets[s].gen;
            sets[s].state = REGISTERED
        fi;
        known = known || sets[s].gen == generation /* eps_fdwatch_learn() */
    }
    if
    :: exists ->
        atomic {
            if
            :: at != CLOSED && ep[s].item[at] ->
                ep[s].tag[at] = sets[s].gen;
                sets[s].state = REGISTERED
            :: else -> native = true /* nothing that we can explain */
            fi
        }
    :: else
    fi
}

/*
 * change(): MOD the item of a number that is asked for more. It may be gone by
 * a close that nobody told, or deleted by a closer, who has told.
 */
inline change(s)
{
    atomic { gone = (at == CLOSED || !ep[s].item[at]) }
    if
    :: gone ->
        if
#ifdef FAULT_END_IS_MISSED_ANYWAY
        :: true -> step(true, false, who)
#else
        :: sets[s].gen == generation -> step(true, false, who)
        :: else
#endif
        fi;
        sets[s].state = ABSENT
    :: else
    fi
}

inline settle(s)
{
    sets[s].dirty = false;
    if
    :: sets[s].state != ABSENT && sets[s].gen != generation ->
        sets[s].state = ABSENT
    :: else
    fi;
#if MORE
    if
    :: sets[s].state == REGISTERED -> change(s)
    :: else
    fi;
#endif
    if
    :: sets[s].state == ABSENT -> enter(s)
    :: else
    fi
}

/* What is told of `file` must have been met in this call. */
inline tell(s, file)
{
    assert(met[s] & BIT(file));
    told = true
}

/* tell_events(), eps_epset_event(); in `found`, whether there was any */
inline look(s)
{
    atomic {
        found = true;
        if
        :: FIRES(s, A) && sets[s].state == REGISTERED &&
           ep[s].tag[A] == sets[s].gen -> tell(s, A)
        :: FIRES(s, A) && !(sets[s].state == REGISTERED &&
           ep[s].tag[A] == sets[s].gen) -> sets[s].haunted = true
        :: FIRES(s, B) && sets[s].state == REGISTERED &&
           ep[s].tag[B] == sets[s].gen -> tell(s, B)
        :: FIRES(s, B) && !(sets[s].state == REGISTERED &&
           ep[s].tag[B] == sets[s].gen) -> sets[s].haunted = true
        :: ep[s].bell -> ep[s].bell = false
        :: !READABLE(s) -> found = false
        fi
    }
}

/* The native look at a residual number. */
inline look_natively(s)
{
    atomic {
        if
        :: sets[s].state == RESIDUAL && (at == CLOSED || ready[at]) ->
            tell(s, at)
        :: else
        fi
    }
}

/* --- a thread: eps_pollturn_answer(), turn(), sleep_turn() ------------------ */

proctype waiter(byte s)
{
    byte calls, held, who;
    bool exists, residual, native, found, told, gone;

    do
    :: calls < CALLS ->
        atomic {
            calls++;
            in_call[s] = true;
            met[s] = BIT(at) | (passed -> BIT(A) : 0);
            told = false;
            native = false
        }
        /* eps_polldiff_update(): the number is new, or asked for more. */
        if
        :: sets[s].state == ABSENT || MORE -> sets[s].dirty = true
        :: else
        fi;
        do
        :: told || native -> break
        :: else ->
            if
            :: sets[s].haunted -> rebuild(s)
            :: else
            fi;
            if
            :: sets[s].mark != head -> read_journal(s)
            :: else
            fi;
            if
            :: sets[s].dirty -> settle(s)
            :: else
            fi;
            if
            :: native -> break
            :: else
            fi;
            look(s);
            look_natively(s);
            if
            :: told || found -> goto next
            :: else
            fi;
            /* eps_epset_fall_asleep() */
#ifdef FAULT_JOURNAL_BEFORE_ASLEEP
            if
            :: sets[s].mark != head -> goto next
            :: else
            fi;
            sets[s].asleep = true;
#else
            sets[s].asleep = true;
#ifndef FAULT_NO_JOURNAL_BEFORE_SLEEP
            if
            :: sets[s].mark != head ->
                sets[s].asleep = false;
                goto next
            :: else
            fi;
#endif
#endif
            /* poll() holds the residual file from here on. */
            atomic {
                held = (sets[s].state == RESIDUAL -> at : 9);
                blocked[s] = true
            }
end_asleep: atomic {
                READABLE(s) || held == CLOSED || (held == A && ready[A]) ||
                    (held == B && ready[B]) -> blocked[s] = false;
                met[s] = met[s] | BIT(at)
            }
            sets[s].asleep = false;
next:       skip
        od;
        atomic {
            in_call[s] = false;
            if
            :: native -> /* eps_site_failed(): the set is given up */
                ep[s].item[A] = false;
                ep[s].item[B] = false;
                ep[s].bell = false;
                sets[s].state = ABSENT;
                holder = (holder == s -> NOBODY : holder)
            :: else
            fi
        }
    :: else -> break
    od
}

/* --- closing.c ------------------------------------------------------------- */

#ifdef FAULT_NO_BELL
#define BELL(s) skip
#else
#define BELL(s) ep[s].bell = true
#endif

/*
 * prepare_holder(): as whom, in a table where `file` is at the number. A
 * sleeper's item that is ready is taken out, and if there was one, it is rung.
 */
inline take_out(s, file)
{
    atomic {
        was_there = ep[s].item[file];
        ep[s].item[file] = false
    }
    if
    :: was_there -> BELL(s)
    :: else
    fi
}

inline prepare_holder(s, file, alone)
{
    if
    :: sets[s].state == REGISTERED ->
        if
#ifdef FAULT_SLEEPERS_ITEM_DELETED
        :: false
#else
        :: sets[s].asleep ->
            if
            :: ready[file] -> take_out(s, file)
            :: else
            fi
#endif
        :: else -> ep[s].item[file] = ep[s].item[file] && !alone
        fi
    :: else
    fi
}

inline prepare_holders(file)
{
    if
    :: who == 0 -> prepare_holder(0, file, true)
#if SETS > 1
    :: who == 1 -> prepare_holder(1, file, true)
    :: who == MANY ->
        prepare_holder(0, file, false);
        prepare_holder(1, file, false)
#endif
    :: else
    fi
}

inline ring(s)
{
    if
    :: sets[s].asleep ->
        if
        :: sets[s].state == REGISTERED -> BELL(s)
        :: else
        fi
    :: else
    fi
}

inline ring_sleepers()
{
    ring(0);
#if SETS > 1
    ring(1)
#endif
}

/*
 * eps_closing_begin(): a number that does not matter is left alone, and asked
 * about again after the real call. Of a range, next_ours(): so is what nobody
 * holds.
 */
#define BEGINS (RANGE -> holder != NOBODY : MATTERS)

inline closing_begin(file)
{
#ifdef FAULT_NO_FIRST_STEP
    who = holder;
    on = true;
#else
    atomic { on = BEGINS; passed = !on }
    if
    :: on -> step(false, true, who)
    :: else
    fi;
#endif
    if
    :: on -> prepare_holders(file)
    :: else
    fi
}

/* eps_closing_end(); of a range, range_ended(), which looks what has begun. */
inline closing_end()
{
#if RANGE
    on = ending;
    done = true;
#endif
#ifndef FAULT_NO_SECOND_LOOK
    if
    :: !on && done && MATTERS -> late = true
    :: else
    fi;
#endif
    if
    :: on || late -> step(true, false, who)
    :: else -> who = NOBODY
    fi;
    if
#ifdef FAULT_LATE_RINGS_NOBODY
    :: true
#else
    :: who != NOBODY && late -> ring_sleepers()
    :: else
#endif
    fi
}

/* eps_closing_handed_out() */
inline handed_out()
{
    if
    :: holder != NOBODY && !seen_closed -> step(false, false, who)
    :: else
    fi;
    seen_closed = false
}

/* close() and open(), or dup2(), by another thread of ours */
proctype closer()
{
    byte who, file;
    bool was_there, late, on, done;
    byte failed;

again:
    done = true;
    closing = true;
    closing_begin(at);
    atomic { /* the real call */
        if
#if FAILS
        :: !failed -> done = false; failed++
#endif
        ::  file = at;
            at = (DUP2 -> B : CLOSED);
            drop(file);
            note_met()
        fi;
        closing = false
    }
    closing_end();
    passed = false;
    if
    :: done ->
        atomic { at = B; note_met() }
        handed_out()
    :: !done && FAILS == 2 -> goto again
    :: else
    fi
}

/*
 * A child with a table of its own. eps_process_is_ours() keeps it from
 * everything but the real close: a forked one has a copy of our memory, but
 * the same epolls; a vforked one has our very memory.
 */
proctype child()
{
    byte who, file;
    bool was_there, late, done = true, on = true;

#ifdef FAULT_CHILD_DELETES
    who = holder;
#if CHILD == 2
    step(false, true, who);
#endif
    prepare_holders(child_at);
#endif
    atomic { file = child_at; child_at = CLOSED; drop(file) }
#ifdef FAULT_CHILD_DELETES
#if CHILD == 2
    closing_end()
#endif
#endif
}

/* Each file becomes ready, or not, while somebody has it open. */
proctype peer(byte file)
{
    if
    :: atomic {
            at == file -> ready[file] = true;
            early[file] = !(closing && file == A)
        }
    :: skip
    fi
}

/* --- the claims ------------------------------------------------------------ */

#define WAKES(s, file) (!(met[s] & BIT(file)) || early[file])
#define LOST(s)                                                                \
    (blocked[s] && WAKES(s, A) && WAKES(s, B))

proctype judge()
{
end_judge:
    timeout -> assert(!LOST(0));
#if SETS > 1
    assert(!LOST(1))
#endif
}

init {
    atomic {
        child_at = (CHILD -> A : CLOSED);
        run waiter(0);
#if SETS > 1
        run waiter(1);
#endif
#if CLOSER
        run closer();
#endif
#if CHILD
        run child();
#endif
        run peer(A);
        run peer(B);
        run judge()
    }
}
