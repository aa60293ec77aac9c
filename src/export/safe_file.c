/* Files of our own, for all that keep some: paths, limits, how they are opened, and lock files. */

#define LLMOBS_I_FILE_PATH 2001u /* with its NUL */
/* How often it is tried to get hold of a path that others move about. */
#define LLMOBS_I_FILE_ATTEMPTS 8

/* Keeps a path, made absolute: the process may go elsewhere later. False: it is empty, or too
   long. */
llmobsi_fn bool llmobsi_file_set_path(char out[LLMOBS_I_FILE_PATH], const char* path)
{
    return llmobsi_os_absolute(out, LLMOBS_I_FILE_PATH, path);
}

/* ---- opening ------------------------------------------------------------------------------- */

/* What some ask for beyond a plain file of ours. */
#define LLMOBS_I_FILE_ONE_NAME 1u  /* no other link leads to it       */
#define LLMOBS_I_FILE_UNSHARED 2u  /* nobody else may write to it     */

/* Whether what is open is a plain file of ours; errno says why not: EPERM, or what the system
   has. */
llmobsi_fn bool llmobsi_file_is_ours(int file, unsigned asked, llmobsi_file_facts* facts)
{
    if (!llmobsi_os_facts(file, facts)) {
        return false;
    }
    errno = EPERM;
    return facts->plain && facts->owner == llmobsi_os_user() &&
           ((asked & LLMOBS_I_FILE_ONE_NAME) == 0 || facts->names == 1) &&
           ((asked & LLMOBS_I_FILE_UNSHARED) == 0 || !facts->written_by_others);
}

/* Opens whatever the path leads to; with OPEN_MAKE it is made, for nobody else to read. -1, and
   errno. */
llmobsi_fn int llmobsi_file_open_path(const char* path, int how)
{
    int file;
    do {
        file = llmobsi_os_open(path, how | LLMOBS_I_OPEN_DIRECT);
    } while (file < 0 && errno == EINTR);
    return file;
}

/* Opens a plain file of ours; -1: there is none, and errno says why. */
llmobsi_fn int llmobsi_file_open_ours(const char* path, int how, unsigned asked,
                                      llmobsi_file_facts* facts)
{
    const int file = llmobsi_file_open_path(path, how);
    int why;
    if (file < 0 || llmobsi_file_is_ours(file, asked, facts)) {
        return file;
    }
    why = errno;
    (void)llmobsi_os_close(file);
    errno = why;
    return -1;
}

/* A new file to be written and then renamed, in place of what a crash left; -1, and errno. */
llmobsi_fn int llmobsi_file_make(const char* path)
{
    (void)llmobsi_os_remove(path);
    return llmobsi_file_open_path(path, LLMOBS_I_OPEN_WRITE | LLMOBS_I_OPEN_NEW);
}

/* ---- lock files ---------------------------------------------------------------------------- */

/* A lock file says who may read and write what lies beside it. It is never taken away again: two
   could hold one each. */
typedef enum llmobsi_lock_hold {
    LLMOBS_I_LOCK_OURS,
    LLMOBS_I_LOCK_TAKEN, /* by another instance, here or elsewhere */
    LLMOBS_I_LOCK_FAILED
} llmobsi_lock_hold;

/* Whether the path leads to the file that is held. */
llmobsi_fn bool llmobsi_held_is_at(const llmobsi_held* held, const char* path)
{
    llmobsi_file_facts facts;
    return llmobsi_os_facts_at(path, &facts) && facts.device == held->device &&
           facts.inode == held->inode;
}

/* One attempt. */
llmobsi_fn llmobsi_lock_hold llmobsi_lock_file_try(llmobsi_held* held, const char* path)
{
    llmobsi_file_facts facts;
    int file =
        llmobsi_file_open_ours(path, LLMOBS_I_OPEN_BOTH | LLMOBS_I_OPEN_MAKE, 0, &facts);
    if (file < 0) {
        return LLMOBS_I_LOCK_FAILED;
    }
    if (!llmobsi_os_lock(file)) {
        (void)llmobsi_os_close(file);
        errno = EBUSY;
        return LLMOBS_I_LOCK_TAKEN;
    }
    held->device = facts.device;
    held->inode = facts.inode;
    held->descriptor = file + 1;
    return LLMOBS_I_LOCK_OURS;
}

/* Gives the lock back, also where a child that was just forked has not come to close its copy of
   the descriptor yet: closing ours would leave the lock to that one. In a child it is closed
   already, and stays the parent's. */
llmobsi_fn void llmobsi_lock_file_give(llmobsi_held* held)
{
    /* Where it can't be told whose descriptor that is, it is ours: a lock must not stay. */
    if (llmobsi_held_is(held, true)) {
        llmobsi_os_unlock(held->descriptor - 1);
    }
    llmobsi_held_close(held);
}

/* Takes the lock, or looks whether it is ours still: the host may have closed a descriptor that it
   did not know, somebody may have tidied the folder. */
llmobsi_fn llmobsi_lock_hold llmobsi_lock_file_take(llmobsi_held* held, const char* path)
{
    llmobsi_lock_hold hold = LLMOBS_I_LOCK_FAILED;
    int attempt;
    for (attempt = 0; attempt < LLMOBS_I_FILE_ATTEMPTS; attempt++) {
        if (llmobsi_held_is_ours(held) && llmobsi_held_is_at(held, path)) {
            return LLMOBS_I_LOCK_OURS;
        }
        llmobsi_lock_file_give(held);
        hold = llmobsi_lock_file_try(held, path);
        if (hold != LLMOBS_I_LOCK_OURS) {
            return hold;
        }
    }
    return LLMOBS_I_LOCK_FAILED;
}
