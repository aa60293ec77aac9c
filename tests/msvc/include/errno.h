#pragma once
#ifdef __cplusplus
extern "C" {
#endif
int* __cdecl _errno(void);
#ifdef __cplusplus
}
#endif
#define errno (*_errno())
#define ENOENT 2
#define EIO 5
#define ENXIO 6
#define EBADF 9
#define ENOMEM 12
#define EACCES 13
#define EBUSY 16
#define EEXIST 17
#define ENOTDIR 20
#define EINVAL 22
#define EMFILE 24
#define EFBIG 27
#define ENOSPC 28
#define EROFS 30
#define EMLINK 31
#define ERANGE 34
#define ENAMETOOLONG 38
#define ENOSYS 40
#define EWOULDBLOCK 140
#define EISDIR 21
#define EPERM 1
#define EINTR 4
#define EAGAIN 11
#define ELOOP 114
