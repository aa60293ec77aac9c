/* How recorders come into an instance and how it is closed under them (src/record/thread.c and
   grace.c), at every interleaving. Memory is sequentially consistent here; the models for relacy drop that.

   Two threads record with any handle they may hold, end, and are followed by heirs; a closer shuts
   them out and opens another instance in the same place and memory. With -DHANDLER there is one
   thread and its signal handler, which records wherever the thread may stand. The tickets are 1,
   and 2 for the second instance. With -DFAULT=n the protocol lacks a part, and must fail:

     1  the second look at the place's ticket, when a thread attaches
     2  the busy flag, in recording calls
     3  shut: the closer takes the threads' tickets away
     4  grace: it waits until no flag is up
     5  the first look at the place's ticket, when a thread attaches
     6  the busy flag, while a thread ends
     7  a call's look at its own busy flag, which tells a signal handler (needs -DHANDLER) */

#ifndef FAULT
#define FAULT 0
#endif

#define THREADS 2
#define CALLS 2

byte place;            /* the ticket of the open instance, 0: none */
byte recorder;         /* whose memory it is: the ticket once more  */
byte record_state;     /* of the one thread record: FREE, OWNED, DEAD */
#define FREE 0
#define OWNED 1
#define DEAD 2

byte busy[THREADS];
byte use[THREADS];     /* the ticket that a thread holds */
bool interrupted[THREADS]; /* its signal handler runs, so it does not */

/* Nobody is in memory that is not that instance's any more. */
#define touch(me, ticket) assert(recorder == ticket)

/* Attaches a thread whose flag is up. */
inline attach(me, ticket, got) {
    got = false;
    if
    :: FAULT != 5 && place != ticket -> skip
    :: else ->
        touch(me, ticket);      /* the record is claimed in the instance's memory */
        claimed = false;
        if
        :: use[me] == ticket -> got = true /* by a signal handler, just now */
        :: else ->
            atomic {
                if
                :: record_state != OWNED -> record_state = OWNED; claimed = true
                :: else -> skip
                fi
            }
        fi;
        if
        :: !claimed -> skip
        :: else ->
            got = true;
            use[me] = ticket;
            if
            :: FAULT != 1 && place != ticket ->
                use[me] = 0;
                touch(me, ticket);
                record_state = DEAD;
                got = false
            :: else -> skip
            fi
        fi
    fi
}

inline lower(me) {
    busy[me] = 0
}

/* One call: in by the quick way or by the long one, and out. A handler that finds the flag up drops
   what it has. */
inline record(me, ticket, got) {
    if
    :: FAULT != 7 && busy[me] != 0 -> skip
    :: else ->
        if
        :: FAULT != 2 -> busy[me] = 1
        :: else -> skip
        fi;
        if
        :: use[me] == ticket -> got = true
        :: else ->
            lower(me);
            got = false;
            if
            :: place == ticket ->
                if
                :: FAULT != 2 -> busy[me] = 1
                :: else -> skip
                fi;
                attach(me, ticket, got)
            :: else -> skip
            fi
        fi;
        if
        :: got ->
            touch(me, ticket);  /* slots, rings, counts: all of it between these two */
            touch(me, ticket)
        :: else -> skip
        fi;
        lower(me)
    fi;
    got = false; /* what is dead is 0, or the states were many more */
    claimed = false
}

inline end_thread(me) {
    if
    :: FAULT != 6 -> busy[me] = 1
    :: else -> skip
    fi;
    if
    :: use[me] != 0 ->
        /* The use is read once; a closer may take it away from here on. */
        held = use[me];
        if
        :: held != 0 ->
            use[me] = 0;
            touch(me, held);
            record_state = DEAD
        :: else -> skip
        fi
    :: else -> skip
    fi;
    held = 0;
    lower(me)
}

/* Without a handler there is no clause, which would keep spin from leaving equal orders out. */
#ifdef HANDLER
#define STANDS_STILL provided (!interrupted[_pid - 1])
#else
#define STANDS_STILL
#endif

proctype thread(byte me) STANDS_STILL {
    bool got;
    bool claimed;
    byte held;
    byte ticket;
    byte calls = 0;
    bool inherited = false;
    do
    :: calls < CALLS ->
        calls++;
        if
        :: ticket = 1
        :: ticket = 2
        fi;
        record(me, ticket, got);
        ticket = 0
    :: !inherited ->
        end_thread(me);
        inherited = true /* by a new thread, which has the same control block */
    :: true ->
        end_thread(me);
        break
    od
}

#ifdef HANDLER
/* Comes once, wherever thread 0 stands, which then stands still. */
proctype handler(byte me) {
    bool got;
    bool claimed;
    interrupted[me] = true;
    record(me, 1, got);
    interrupted[me] = false
}

#endif

proctype closer() {
    byte i = 0;
    atomic { place == 1 -> place = 0 }
    /* shut */
    if
    :: FAULT != 3 ->
        do
        :: i < THREADS ->
            atomic {
                if
                :: use[i] == 1 -> use[i] = 0
                :: else -> skip
                fi
            };
            i++
        :: else -> break
        od
    :: else -> skip
    fi;
    /* grace */
    i = 0;
    if
    :: FAULT != 4 ->
        do
        :: i < THREADS -> busy[i] == 0; i++
        :: else -> break
        od
    :: else -> skip
    fi;
    /* The memory is another instance's now. */
    atomic { recorder = 0; record_state = FREE };
    recorder = 2;
    place = 2
}

init {
    atomic {
        place = 1;
        recorder = 1;
        record_state = FREE;
        run thread(0);
#ifdef HANDLER
        run handler(0);
#else
        run thread(1);
#endif
        run closer()
    }
}
