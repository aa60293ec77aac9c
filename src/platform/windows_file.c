/* The system, where it is Windows: files, folders, and what it says of itself. The vocabulary is
   posix_file.c's. A file is a handle, as an int: its upper half says nothing, by the system's own
   rules. Paths are UTF-8, with either slash. Whoever has a file open lets others rename and remove
   it. */

#if defined(_WIN32)

#define LLMOBS_I_WIDE_PATH 2304u /* the longest path of ours, and what is put behind it */

/* errno for what went wrong last. */
llmobsi_fn void llmobsi_os_tell_errno(void)
{
    static const struct {
        DWORD error;
        int number;
    } known[] = {{ERROR_FILE_NOT_FOUND, ENOENT},       {ERROR_PATH_NOT_FOUND, ENOENT},
                 {ERROR_INVALID_NAME, ENOENT},         {ERROR_BAD_PATHNAME, ENOENT},
                 {ERROR_ACCESS_DENIED, EACCES},        {ERROR_SHARING_VIOLATION, EBUSY},
                 {ERROR_LOCK_VIOLATION, EBUSY},        {ERROR_INVALID_HANDLE, EBADF},
                 {ERROR_FILE_EXISTS, EEXIST},          {ERROR_ALREADY_EXISTS, EEXIST},
                 {ERROR_DISK_FULL, ENOSPC},            {ERROR_HANDLE_DISK_FULL, ENOSPC},
                 {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},    {ERROR_OUTOFMEMORY, ENOMEM},
                 {ERROR_TOO_MANY_OPEN_FILES, EMFILE},  {ERROR_WRITE_PROTECT, EROFS},
                 {ERROR_DIRECTORY, ENOTDIR},           {ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG}};
    const DWORD error = GetLastError();
    size_t i;
    errno = EIO;
    for (i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].error == error) {
            errno = known[i].number;
        }
    }
}

llmobsi_inline HANDLE llmobsi_handle_of(int file)
{
    return (HANDLE)(intptr_t)file;
}

/* Puts `behind` behind the path. */
llmobsi_fn bool llmobsi_os_wide(const char* path, const wchar_t* behind,
                                wchar_t out[LLMOBS_I_WIDE_PATH])
{
    size_t more = wcslen(behind);
    int size = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, out,
                                   (int)LLMOBS_I_WIDE_PATH - (int)more);
    wchar_t* unit;
    if (size <= 0) {
        errno = GetLastError() == ERROR_INSUFFICIENT_BUFFER ? ENAMETOOLONG : ENOENT;
        return false;
    }
    for (unit = out; *unit != L'\0'; unit++) {
        *unit = *unit == L'/' ? L'\\' : *unit;
    }
    memcpy(unit, behind, (more + 1) * sizeof *unit);
    return true;
}

/* ---- what is known of a file --------------------------------------------------------------- */

/* Who owns a file, and who else may, are lists here and not bits: a file of ours is made for its
   owner alone (below), and one that is there is taken as it is. */
llmobsi_fn uint64_t llmobsi_os_user(void)
{
    return 0;
}

llmobsi_fn bool llmobsi_os_facts(int file, llmobsi_file_facts* facts)
{
    const DWORD kinds = FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT;
    BY_HANDLE_FILE_INFORMATION known;
    memset(facts, 0, sizeof *facts);
    if (GetFileType(llmobsi_handle_of(file)) != FILE_TYPE_DISK) {
        errno = EBADF; /* closed, or a device: neither was ever ours */
        return false;
    }
    if (GetFileInformationByHandle(llmobsi_handle_of(file), &known) == 0) {
        llmobsi_os_tell_errno();
        return false;
    }
    facts->device = known.dwVolumeSerialNumber;
    facts->inode = (uint64_t)known.nFileIndexHigh << 32 | known.nFileIndexLow;
    facts->bytes = (uint64_t)known.nFileSizeHigh << 32 | known.nFileSizeLow;
    facts->names = known.nNumberOfLinks;
    facts->plain = (known.dwFileAttributes & kinds) == 0;
    facts->folder = (known.dwFileAttributes & kinds) == FILE_ATTRIBUTE_DIRECTORY;
    return true;
}

llmobsi_fn bool llmobsi_os_facts_at(const char* path, llmobsi_file_facts* facts)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    wchar_t wide[LLMOBS_I_WIDE_PATH];
    HANDLE file;
    bool known;
    if (!llmobsi_os_wide(path, L"", wide)) {
        return false;
    }
    file = CreateFileW(wide, FILE_READ_ATTRIBUTES, share, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        llmobsi_os_tell_errno();
        return false;
    }
    known = llmobsi_os_facts((int)(intptr_t)file, facts);
    (void)CloseHandle(file);
    return known;
}

/* ---- opening, closing ---------------------------------------------------------------------- */

#define LLMOBS_I_OPEN_READ 1
#define LLMOBS_I_OPEN_WRITE 2
#define LLMOBS_I_OPEN_BOTH 3
#define LLMOBS_I_OPEN_MAKE 4
#define LLMOBS_I_OPEN_NEW 8
#define LLMOBS_I_OPEN_APPEND 0 /* see llmobsi_append_whole */
#define LLMOBS_I_OPEN_DIRECT 16

/* What mode 0600 is elsewhere: the user of this process may do all, and nobody else anything. */
typedef struct llmobsi_private_access {
    union {
        TOKEN_USER user;
        unsigned char room[256];
    } who;
    union {
        ACL list;
        unsigned char room[512];
    } allowed;
    SECURITY_DESCRIPTOR descriptor;
    SECURITY_ATTRIBUTES attributes;
} llmobsi_private_access;

/* NULL: it can't be told; then a file gets what its folder hands on. */
llmobsi_fn SECURITY_ATTRIBUTES* llmobsi_os_private(llmobsi_private_access* access)
{
    const SECURITY_DESCRIPTOR_CONTROL own = SE_DACL_PROTECTED; /* nothing comes from the folder */
    const DWORD hand_on = OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE;
    HANDLE token;
    DWORD size;
    bool known;
    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) == 0) {
        return NULL;
    }
    known = GetTokenInformation(token, TokenUser, &access->who, sizeof access->who, &size) != 0;
    (void)CloseHandle(token);
    if (!known || InitializeAcl(&access->allowed.list, sizeof access->allowed, ACL_REVISION) == 0 ||
        AddAccessAllowedAceEx(&access->allowed.list, ACL_REVISION, hand_on, GENERIC_ALL,
                              access->who.user.User.Sid) == 0 ||
        InitializeSecurityDescriptor(&access->descriptor, SECURITY_DESCRIPTOR_REVISION) == 0 ||
        SetSecurityDescriptorDacl(&access->descriptor, TRUE, &access->allowed.list, FALSE) == 0 ||
        SetSecurityDescriptorControl(&access->descriptor, own, own) == 0) {
        return NULL;
    }
    access->attributes.nLength = sizeof access->attributes;
    access->attributes.lpSecurityDescriptor = &access->descriptor;
    access->attributes.bInheritHandle = FALSE;
    return &access->attributes;
}

/* Not if it is a link, where that was asked for. */
llmobsi_fn bool llmobsi_os_is_link(HANDLE file)
{
    BY_HANDLE_FILE_INFORMATION known;
    return GetFileInformationByHandle(file, &known) != 0 &&
           (known.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
}

llmobsi_fn int llmobsi_os_open(const char* path, int how)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    const bool direct = (how & LLMOBS_I_OPEN_DIRECT) != 0;
    const DWORD flags =
        FILE_FLAG_BACKUP_SEMANTICS | (direct ? (DWORD)FILE_FLAG_OPEN_REPARSE_POINT : 0);
    DWORD access = (how & LLMOBS_I_OPEN_READ) != 0 ? GENERIC_READ : 0;
    DWORD make = OPEN_EXISTING;
    SECURITY_ATTRIBUTES* only_us = NULL;
    llmobsi_private_access room;
    wchar_t wide[LLMOBS_I_WIDE_PATH];
    HANDLE file;
    if (!llmobsi_os_wide(path, L"", wide)) {
        return -1;
    }
    access |= (how & LLMOBS_I_OPEN_WRITE) != 0 ? GENERIC_WRITE : 0;
    if ((how & (LLMOBS_I_OPEN_MAKE | LLMOBS_I_OPEN_NEW)) != 0) {
        make = (how & LLMOBS_I_OPEN_NEW) != 0 ? CREATE_NEW : OPEN_ALWAYS;
        only_us = llmobsi_os_private(&room);
    }
    file = CreateFileW(wide, access, share, only_us, make, FILE_ATTRIBUTE_NORMAL | flags, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        llmobsi_os_tell_errno();
        return -1;
    }
    if (direct && llmobsi_os_is_link(file)) {
        (void)CloseHandle(file);
        errno = ELOOP;
        return -1;
    }
    return (int)(intptr_t)file;
}

llmobsi_fn bool llmobsi_os_close(int file)
{
    bool closed = CloseHandle(llmobsi_handle_of(file)) != 0;
    if (!closed) {
        llmobsi_os_tell_errno();
    }
    return closed;
}

/* ---- reading, writing ---------------------------------------------------------------------- */

#define LLMOBS_I_FILE_PIECE ((size_t)1 << 30) /* of one system call */

llmobsi_fn size_t llmobsi_read_whole(int file, void* to, size_t size)
{
    size_t got = 0;
    while (got < size) {
        size_t piece = size - got < LLMOBS_I_FILE_PIECE ? size - got : LLMOBS_I_FILE_PIECE;
        DWORD count = 0;
        if (ReadFile(llmobsi_handle_of(file), (char*)to + got, (DWORD)piece, &count, NULL) == 0) {
            llmobsi_os_tell_errno();
            break;
        }
        if (count == 0) {
            errno = 0;
            break;
        }
        got += count;
    }
    return got;
}

/* From where the file is, or, where `end` is given, behind all that there is. */
llmobsi_fn size_t llmobsi_os_write(int file, const void* from, size_t size, OVERLAPPED* end)
{
    size_t done = 0;
    while (done < size) {
        size_t piece = size - done < LLMOBS_I_FILE_PIECE ? size - done : LLMOBS_I_FILE_PIECE;
        DWORD count = 0;
        if (WriteFile(llmobsi_handle_of(file), (const char*)from + done, (DWORD)piece, &count,
                      end) == 0 ||
            count == 0) {
            llmobsi_os_tell_errno();
            break;
        }
        done += count;
    }
    return done;
}

llmobsi_fn size_t llmobsi_write_whole(int file, const void* from, size_t size)
{
    return llmobsi_os_write(file, from, size, NULL);
}

llmobsi_fn size_t llmobsi_append_whole(int file, const void* from, size_t size)
{
    OVERLAPPED end;
    memset(&end, 0, sizeof end);
    end.Offset = UINT32_MAX; /* both all ones: the end of the file */
    end.OffsetHigh = UINT32_MAX;
    return llmobsi_os_write(file, from, size, &end);
}

llmobsi_fn bool llmobsi_os_seek(int file, uint64_t offset)
{
    LARGE_INTEGER to;
    to.QuadPart = (LONGLONG)offset;
    if (SetFilePointerEx(llmobsi_handle_of(file), to, NULL, FILE_BEGIN) == 0) {
        llmobsi_os_tell_errno();
        return false;
    }
    return true;
}

llmobsi_fn bool llmobsi_os_cut(int file, uint64_t bytes)
{
    if (!llmobsi_os_seek(file, bytes)) {
        return false;
    }
    if (SetEndOfFile(llmobsi_handle_of(file)) == 0) {
        llmobsi_os_tell_errno();
        return false;
    }
    return true;
}

llmobsi_fn bool llmobsi_os_sync(int file)
{
    if (FlushFileBuffers(llmobsi_handle_of(file)) == 0) {
        llmobsi_os_tell_errno();
        return false;
    }
    return true;
}

/* It was made so, or is its maker's. */
llmobsi_fn void llmobsi_os_make_private(int file)
{
    (void)file;
}

llmobsi_fn uint64_t llmobsi_file_allowed(void)
{
    return UINT64_MAX;
}

/* ---- locks --------------------------------------------------------------------------------- */

/* Locks of bytes keep others from reading them, so a byte is locked that no file has. */
llmobsi_fn OVERLAPPED llmobsi_lock_place(void)
{
    OVERLAPPED place;
    memset(&place, 0, sizeof place);
    place.OffsetHigh = 0x7fffffffu;
    return place;
}

llmobsi_fn bool llmobsi_os_lock(int file)
{
    const DWORD how = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
    OVERLAPPED place = llmobsi_lock_place();
    return LockFileEx(llmobsi_handle_of(file), how, 0, 1, 0, &place) != 0 ||
           GetLastError() != ERROR_LOCK_VIOLATION;
}

llmobsi_fn void llmobsi_os_unlock(int file)
{
    OVERLAPPED place = llmobsi_lock_place();
    (void)UnlockFileEx(llmobsi_handle_of(file), 0, 1, 0, &place);
}

llmobsi_fn bool llmobsi_os_lock_for_process(int file)
{
    return llmobsi_os_lock(file);
}

/* ---- names --------------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_os_rename(const char* from, const char* to)
{
    wchar_t wide_from[LLMOBS_I_WIDE_PATH];
    wchar_t wide_to[LLMOBS_I_WIDE_PATH];
    if (!llmobsi_os_wide(from, L"", wide_from) || !llmobsi_os_wide(to, L"", wide_to)) {
        return false;
    }
    if (MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) == 0) {
        llmobsi_os_tell_errno();
        return false;
    }
    return true;
}

llmobsi_fn bool llmobsi_os_remove(const char* path)
{
    wchar_t wide[LLMOBS_I_WIDE_PATH];
    if (!llmobsi_os_wide(path, L"", wide)) {
        return false;
    }
    if (DeleteFileW(wide) == 0) {
        llmobsi_os_tell_errno();
        return false;
    }
    return true;
}

llmobsi_fn bool llmobsi_os_absolute(char* out, size_t room, const char* path)
{
    wchar_t wide[LLMOBS_I_WIDE_PATH];
    wchar_t full[LLMOBS_I_WIDE_PATH];
    DWORD size;
    if (path[0] == '\0' || !llmobsi_os_wide(path, L"", wide)) {
        return false;
    }
    size = GetFullPathNameW(wide, LLMOBS_I_WIDE_PATH, full, NULL);
    return size > 0 && size < LLMOBS_I_WIDE_PATH &&
           WideCharToMultiByte(CP_UTF8, 0, full, -1, out, (int)room, NULL, NULL) > 0;
}

/* ---- folders ------------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_os_folder_make(const char* path)
{
    llmobsi_private_access room;
    wchar_t wide[LLMOBS_I_WIDE_PATH];
    if (!llmobsi_os_wide(path, L"", wide)) {
        return false;
    }
    if (CreateDirectoryW(wide, llmobsi_os_private(&room)) == 0 &&
        GetLastError() != ERROR_ALREADY_EXISTS) {
        llmobsi_os_tell_errno();
        return false;
    }
    return true;
}

llmobsi_fn bool llmobsi_os_folder_list(const char* path, void (*tell)(void* user, const char* name),
                                       void* user)
{
    wchar_t wide[LLMOBS_I_WIDE_PATH];
    char name[4 * MAX_PATH];
    WIN32_FIND_DATAW entry;
    HANDLE folder;
    if (!llmobsi_os_wide(path, L"\\*", wide)) {
        return false;
    }
    folder = FindFirstFileW(wide, &entry);
    if (folder == INVALID_HANDLE_VALUE) {
        llmobsi_os_tell_errno();
        return false;
    }
    do {
        if (WideCharToMultiByte(CP_UTF8, 0, entry.cFileName, -1, name, (int)sizeof name, NULL,
                                NULL) > 0) {
            tell(user, name);
        }
    } while (FindNextFileW(folder, &entry) != 0);
    errno = 0;
    if (GetLastError() != ERROR_NO_MORE_FILES) {
        llmobsi_os_tell_errno();
    }
    (void)FindClose(folder);
    return errno == 0;
}

/* Names are on disk once llmobsi_os_rename is back. */
llmobsi_fn bool llmobsi_os_folder_sync(const char* path)
{
    (void)path;
    return true;
}

/* ---- files as memory ----------------------------------------------------------------------- */

/* There is no flight recorder: a mapped file can't be renamed or removed, and no folder is memory
   alone. Whoever asks for one is told that it can't be had. */
#define LLMOBS_I_MEMORY_FOLDER ""

llmobsi_fn bool llmobsi_os_allocate(int file, size_t bytes)
{
    (void)file;
    (void)bytes;
    errno = ENOSYS;
    return false;
}

llmobsi_fn void* llmobsi_os_map(int file, size_t bytes)
{
    (void)file;
    (void)bytes;
    errno = ENOSYS;
    return NULL;
}

llmobsi_fn void llmobsi_os_unmap(void* memory, size_t bytes)
{
    (void)memory;
    (void)bytes;
}

llmobsi_fn bool llmobsi_os_map_part(void* memory, size_t bytes)
{
    (void)memory;
    (void)bytes;
    return false;
}

/* ---- processes, and the machine ------------------------------------------------------------ */

llmobsi_fn void llmobsi_os_process_line(char* path_and_line, size_t room)
{
    (void)room;
    path_and_line[0] = '\0';
}

/* With slashes, as elsewhere. */
llmobsi_fn size_t llmobsi_os_program(char* path, size_t room)
{
    wchar_t wide[LLMOBS_I_WIDE_PATH];
    DWORD size = GetModuleFileNameW(NULL, wide, LLMOBS_I_WIDE_PATH);
    int bytes = size > 0 && size < LLMOBS_I_WIDE_PATH
                    ? WideCharToMultiByte(CP_UTF8, 0, wide, -1, path, (int)room, NULL, NULL)
                    : 0;
    int i;
    for (i = 0; i < bytes; i++) {
        path[i] = path[i] == '\\' ? '/' : path[i];
    }
    return bytes > 1 ? (size_t)bytes - 1 : 0;
}

llmobsi_fn bool llmobsi_os_machine(llmobsi_machine* machine)
{
    wchar_t name[256];
    DWORD size = 256;
    SYSTEM_INFO system;
    const char* processor = "";
    memset(machine, 0, sizeof *machine);
    GetNativeSystemInfo(&system);
    switch (system.wProcessorArchitecture) {
    case PROCESSOR_ARCHITECTURE_AMD64:
        processor = "x86_64";
        break;
    case 12: /* PROCESSOR_ARCHITECTURE_ARM64, which older headers lack */
        processor = "aarch64";
        break;
    case PROCESSOR_ARCHITECTURE_INTEL:
        processor = "i686";
        break;
    default:
        processor = "unknown";
        break;
    }
    memcpy(machine->processor, processor, strlen(processor));
    memcpy(machine->system, "windows", 8);
    return GetComputerNameExW(ComputerNameDnsHostname, name, &size) != 0 &&
           WideCharToMultiByte(CP_UTF8, 0, name, -1, machine->name, (int)sizeof machine->name,
                               NULL, NULL) > 0;
}

#endif /* _WIN32 */
