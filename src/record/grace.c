/* Waits until every other thread has been seen outside a recording call: whatever such a call
   saw before, it is done with. False when the deadline (monotonic) came first. Not inside a
   recording call. */
llmobsi_fn bool llmobsi_grace(uint64_t deadline_ns)
{
    uint32_t used;
    uint32_t i;
    if (!LLMOBS_I_TSAN && llmobsi_has_membarrier && !llmobsi_membarrier()) {
        return false;
    }
    used = llmobsi_add_ordered(&llmobsi_controls_used, 0);
    for (i = 0; i < used; i++) {
        llmobsi_control* control = &llmobsi_controls[i];
        /* Asked by an addition: where the flag is raised by an exchange, one of the two comes
           second, and knows what the first knew. Either we see the flag up, or its thread sees,
           by relaxed loads even, what we did before. A mere load would promise neither. So it is
           with the number of controls: whose is not among them yet comes second. */
        while (control != llmobsi_self && llmobsi_add_ordered(&control->busy, 0) != 0) {
            if (llmobsi_monotonic_ns() >= deadline_ns) {
                return false;
            }
            llmobsi_thread_yield();
        }
    }
    return true;
}

/* Takes every thread's ticket away: from here on all calls with it find the door shut. */
llmobsi_fn void llmobsi_shut(uint32_t ticket)
{
    uint32_t used = llmobsi_load_ordered(&llmobsi_controls_used);
    uint32_t i;
    for (i = 0; i < used; i++) {
        uint32_t held = ticket;
        (void)llmobsi_cas_ordered(&llmobsi_controls[i].uses[LLMOBS_I_PLACE(ticket)].ticket, &held,
                                  0);
    }
}
