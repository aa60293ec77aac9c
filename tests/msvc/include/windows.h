#pragma once
#include <stddef.h>
#define WINAPI __stdcall
#define NTAPI __stdcall
#define TRUE 1
#define FALSE 0
#define CONST const
typedef void* PVOID;
typedef void* LPVOID;
typedef void* HANDLE;
typedef void* PSID;
typedef char CHAR;
typedef wchar_t WCHAR;
typedef int BOOL;
typedef unsigned char BYTE;
typedef BYTE BOOLEAN;
typedef unsigned short WORD;
typedef unsigned long DWORD;
typedef unsigned long ULONG;
typedef long LONG;
typedef unsigned int UINT;
typedef __int64 LONGLONG;
typedef size_t SIZE_T;
typedef uintptr_t ULONG_PTR;
typedef uintptr_t DWORD_PTR;

typedef union _LARGE_INTEGER {
    struct {
        DWORD LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER;
typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME;
typedef struct _SYSTEM_INFO {
    WORD wProcessorArchitecture;
    WORD wReserved;
    DWORD dwPageSize;
    LPVOID lpMinimumApplicationAddress;
    LPVOID lpMaximumApplicationAddress;
    DWORD_PTR dwActiveProcessorMask;
    DWORD dwNumberOfProcessors;
    DWORD dwProcessorType;
    DWORD dwAllocationGranularity;
    WORD wProcessorLevel;
    WORD wProcessorRevision;
} SYSTEM_INFO;
typedef struct _RTL_SRWLOCK {
    PVOID Ptr;
} SRWLOCK;
typedef struct _RTL_CONDITION_VARIABLE {
    PVOID Ptr;
} CONDITION_VARIABLE;
typedef union _RTL_RUN_ONCE {
    PVOID Ptr;
} INIT_ONCE;
#define SRWLOCK_INIT {0}
#define INIT_ONCE_STATIC_INIT {0}
typedef struct _OVERLAPPED {
    ULONG_PTR Internal;
    ULONG_PTR InternalHigh;
    DWORD Offset;
    DWORD OffsetHigh;
    HANDLE hEvent;
} OVERLAPPED;
typedef struct _SECURITY_ATTRIBUTES {
    DWORD nLength;
    LPVOID lpSecurityDescriptor;
    BOOL bInheritHandle;
} SECURITY_ATTRIBUTES;
typedef struct _BY_HANDLE_FILE_INFORMATION {
    DWORD dwFileAttributes;
    FILETIME ftCreationTime;
    FILETIME ftLastAccessTime;
    FILETIME ftLastWriteTime;
    DWORD dwVolumeSerialNumber;
    DWORD nFileSizeHigh;
    DWORD nFileSizeLow;
    DWORD nNumberOfLinks;
    DWORD nFileIndexHigh;
    DWORD nFileIndexLow;
} BY_HANDLE_FILE_INFORMATION;
#define MAX_PATH 260
typedef struct _WIN32_FIND_DATAW {
    DWORD dwFileAttributes;
    FILETIME ftCreationTime;
    FILETIME ftLastAccessTime;
    FILETIME ftLastWriteTime;
    DWORD nFileSizeHigh;
    DWORD nFileSizeLow;
    DWORD dwReserved0;
    DWORD dwReserved1;
    WCHAR cFileName[MAX_PATH];
    WCHAR cAlternateFileName[14];
} WIN32_FIND_DATAW;
typedef struct _SID_AND_ATTRIBUTES {
    PSID Sid;
    DWORD Attributes;
} SID_AND_ATTRIBUTES;
typedef struct _TOKEN_USER {
    SID_AND_ATTRIBUTES User;
} TOKEN_USER;
typedef enum _TOKEN_INFORMATION_CLASS { TokenUser = 1 } TOKEN_INFORMATION_CLASS;
typedef struct _ACL {
    BYTE AclRevision;
    BYTE Sbz1;
    WORD AclSize;
    WORD AceCount;
    WORD Sbz2;
} ACL;
typedef WORD SECURITY_DESCRIPTOR_CONTROL;
typedef struct _SECURITY_DESCRIPTOR {
    BYTE Revision;
    BYTE Sbz1;
    SECURITY_DESCRIPTOR_CONTROL Control;
    PSID Owner;
    PSID Group;
    ACL* Sacl;
    ACL* Dacl;
} SECURITY_DESCRIPTOR;
typedef enum _COMPUTER_NAME_FORMAT { ComputerNameDnsHostname = 1 } COMPUTER_NAME_FORMAT;
typedef DWORD(WINAPI* LPTHREAD_START_ROUTINE)(LPVOID parameter);
typedef void(NTAPI* PFLS_CALLBACK_FUNCTION)(PVOID data);

#define INFINITE 0xFFFFFFFF
#define INVALID_HANDLE_VALUE ((HANDLE)(ULONG_PTR)-1)
#define FLS_OUT_OF_INDEXES ((DWORD)0xFFFFFFFF)
#define CP_UTF8 65001
#define MB_ERR_INVALID_CHARS 0x00000008
#define ERROR_FILE_NOT_FOUND 2L
#define ERROR_PATH_NOT_FOUND 3L
#define ERROR_TOO_MANY_OPEN_FILES 4L
#define ERROR_ACCESS_DENIED 5L
#define ERROR_INVALID_HANDLE 6L
#define ERROR_NOT_ENOUGH_MEMORY 8L
#define ERROR_OUTOFMEMORY 14L
#define ERROR_NO_MORE_FILES 18L
#define ERROR_WRITE_PROTECT 19L
#define ERROR_SHARING_VIOLATION 32L
#define ERROR_LOCK_VIOLATION 33L
#define ERROR_HANDLE_DISK_FULL 39L
#define ERROR_FILE_EXISTS 80L
#define ERROR_DISK_FULL 112L
#define ERROR_INSUFFICIENT_BUFFER 122L
#define ERROR_INVALID_NAME 123L
#define ERROR_BAD_PATHNAME 161L
#define ERROR_ALREADY_EXISTS 183L
#define ERROR_FILENAME_EXCED_RANGE 206L
#define ERROR_DIRECTORY 267L
#define FILE_ATTRIBUTE_DIRECTORY 0x00000010
#define FILE_ATTRIBUTE_NORMAL 0x00000080
#define FILE_ATTRIBUTE_REPARSE_POINT 0x00000400
#define FILE_TYPE_DISK 0x0001
#define FILE_SHARE_READ 0x00000001
#define FILE_SHARE_WRITE 0x00000002
#define FILE_SHARE_DELETE 0x00000004
#define FILE_READ_ATTRIBUTES 0x0080
#define GENERIC_READ (0x80000000L)
#define GENERIC_WRITE (0x40000000L)
#define GENERIC_ALL (0x10000000L)
#define CREATE_NEW 1
#define OPEN_EXISTING 3
#define OPEN_ALWAYS 4
#define FILE_FLAG_BACKUP_SEMANTICS 0x02000000
#define FILE_FLAG_OPEN_REPARSE_POINT 0x00200000
#define FILE_BEGIN 0
#define LOCKFILE_FAIL_IMMEDIATELY 0x00000001
#define LOCKFILE_EXCLUSIVE_LOCK 0x00000002
#define MOVEFILE_REPLACE_EXISTING 0x00000001
#define MOVEFILE_WRITE_THROUGH 0x00000008
#define SE_DACL_PROTECTED (0x1000)
#define OBJECT_INHERIT_ACE (0x1)
#define CONTAINER_INHERIT_ACE (0x2)
#define TOKEN_QUERY (0x0008)
#define ACL_REVISION (2)
#define SECURITY_DESCRIPTOR_REVISION (1)
#define PROCESSOR_ARCHITECTURE_INTEL 0
#define PROCESSOR_ARCHITECTURE_AMD64 9

#ifdef __cplusplus
extern "C" {
#endif
BOOL WINAPI QueryPerformanceCounter(LARGE_INTEGER* count);
BOOL WINAPI QueryPerformanceFrequency(LARGE_INTEGER* frequency);
void WINAPI GetSystemTimePreciseAsFileTime(FILETIME* time);
void WINAPI GetSystemTimeAsFileTime(FILETIME* time);
void WINAPI GetSystemInfo(SYSTEM_INFO* system);
void WINAPI GetNativeSystemInfo(SYSTEM_INFO* system);
BOOL WINAPI VirtualLock(LPVOID pages, SIZE_T size);
BOOL WINAPI VirtualUnlock(LPVOID pages, SIZE_T size);
void WINAPI FlushProcessWriteBuffers(void);
void WINAPI InitializeSRWLock(SRWLOCK* lock);
void WINAPI AcquireSRWLockExclusive(SRWLOCK* lock);
void WINAPI ReleaseSRWLockExclusive(SRWLOCK* lock);
BOOLEAN WINAPI TryAcquireSRWLockExclusive(SRWLOCK* lock);
void WINAPI InitializeConditionVariable(CONDITION_VARIABLE* condition);
void WINAPI WakeAllConditionVariable(CONDITION_VARIABLE* condition);
BOOL WINAPI SleepConditionVariableSRW(CONDITION_VARIABLE* condition, SRWLOCK* lock, DWORD wait_ms,
                                      ULONG flags);
DWORD WINAPI WaitForSingleObject(HANDLE handle, DWORD wait_ms);
BOOL WINAPI CloseHandle(HANDLE handle);
BOOL WINAPI SwitchToThread(void);
BOOL WINAPI InitOnceBeginInitialize(INIT_ONCE* once, DWORD flags, BOOL* pending, LPVOID* context);
BOOL WINAPI InitOnceComplete(INIT_ONCE* once, DWORD flags, LPVOID context);
DWORD WINAPI FlsAlloc(PFLS_CALLBACK_FUNCTION ended);
BOOL WINAPI FlsSetValue(DWORD index, PVOID data);
BOOL WINAPI FlsFree(DWORD index);
DWORD WINAPI GetCurrentProcessId(void);
HANDLE WINAPI GetCurrentProcess(void);
DWORD WINAPI GetLastError(void);
int WINAPI MultiByteToWideChar(UINT page, DWORD flags, const char* text, int size, WCHAR* out,
                               int room);
int WINAPI WideCharToMultiByte(UINT page, DWORD flags, const WCHAR* text, int size, char* out,
                               int room, const char* instead, BOOL* was_used);
DWORD WINAPI GetFileType(HANDLE file);
BOOL WINAPI GetFileInformationByHandle(HANDLE file, BY_HANDLE_FILE_INFORMATION* known);
HANDLE WINAPI CreateFileW(const WCHAR* path, DWORD access, DWORD share,
                          SECURITY_ATTRIBUTES* attributes, DWORD make, DWORD flags, HANDLE like);
BOOL WINAPI ReadFile(HANDLE file, LPVOID to, DWORD size, DWORD* count, OVERLAPPED* place);
BOOL WINAPI WriteFile(HANDLE file, const void* from, DWORD size, DWORD* count, OVERLAPPED* place);
BOOL WINAPI SetFilePointerEx(HANDLE file, LARGE_INTEGER to, LARGE_INTEGER* now, DWORD from);
BOOL WINAPI SetEndOfFile(HANDLE file);
BOOL WINAPI FlushFileBuffers(HANDLE file);
BOOL WINAPI LockFileEx(HANDLE file, DWORD how, DWORD reserved, DWORD low, DWORD high,
                       OVERLAPPED* place);
BOOL WINAPI UnlockFileEx(HANDLE file, DWORD reserved, DWORD low, DWORD high, OVERLAPPED* place);
BOOL WINAPI MoveFileExW(const WCHAR* from, const WCHAR* to, DWORD flags);
BOOL WINAPI DeleteFileW(const WCHAR* path);
DWORD WINAPI GetFullPathNameW(const WCHAR* path, DWORD room, WCHAR* out, WCHAR** name);
BOOL WINAPI CreateDirectoryW(const WCHAR* path, SECURITY_ATTRIBUTES* attributes);
HANDLE WINAPI FindFirstFileW(const WCHAR* path, WIN32_FIND_DATAW* entry);
BOOL WINAPI FindNextFileW(HANDLE folder, WIN32_FIND_DATAW* entry);
BOOL WINAPI FindClose(HANDLE folder);
DWORD WINAPI GetModuleFileNameW(HANDLE module, WCHAR* out, DWORD room);
BOOL WINAPI GetComputerNameExW(COMPUTER_NAME_FORMAT form, WCHAR* out, DWORD* room);
BOOL WINAPI OpenProcessToken(HANDLE process, DWORD access, HANDLE* token);
BOOL WINAPI GetTokenInformation(HANDLE token, TOKEN_INFORMATION_CLASS which, LPVOID out,
                                DWORD room, DWORD* size);
BOOL WINAPI InitializeAcl(ACL* list, DWORD room, DWORD revision);
BOOL WINAPI AddAccessAllowedAceEx(ACL* list, DWORD revision, DWORD flags, DWORD access, PSID who);
BOOL WINAPI InitializeSecurityDescriptor(PVOID descriptor, DWORD revision);
BOOL WINAPI SetSecurityDescriptorDacl(PVOID descriptor, BOOL present, ACL* list, BOOL by_default);
BOOL WINAPI SetSecurityDescriptorControl(PVOID descriptor, SECURITY_DESCRIPTOR_CONTROL which,
                                         SECURITY_DESCRIPTOR_CONTROL what);
#ifdef __cplusplus
}
#endif
