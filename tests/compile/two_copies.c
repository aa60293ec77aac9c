#include <stdio.h>

int copy_c(void);
int copy_cxx(void);

int main(void)
{
    int c = copy_c();
    int cxx = copy_cxx();
    printf("%d %d\n", c, cxx);
    return c == 2 && cxx == 2 ? 0 : 1;
}
