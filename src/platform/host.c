/* Callbacks of the host's: where the implementation is compiled as C++ with exceptions, one that
   leaves a callback ends there. It would unwind a thread of ours, which ends the process, or a call
   that holds a lock. What it stands for is said where each kind is called. A thread is not
   cancelled in one: glibc unwinds it by an exception, too, and ends the process where that is
   caught. */

/* What catches calls nothing: compilers would guard that against a further exception, by names
   that a C program does not have. */
#if defined(__cplusplus) && \
    (defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND))
#define llmobsi_try try
#define llmobsi_catch_any catch (...)
#else
#define llmobsi_try if (true)
#define llmobsi_catch_any if (false)
#endif

/* One that throws has taken nothing. */
llmobsi_fn bool llmobsi_host_write(llmobs_write_fn write, void* user, const char* data, size_t size)
{
    int cancel = llmobsi_cancel_hold();
    bool taken = false;
    llmobsi_try {
        taken = write(user, data, size);
    }
    llmobsi_catch_any {
    }
    llmobsi_cancel_resume(cancel);
    return taken;
}
