#include <stdio.h>

/* Says which C library runs it: musl has no __GLIBC__. */
int main(void) {
#ifdef __GLIBC__
  puts("hello from glibc");
#else
  puts("hello from musl");
#endif
  return 0;
}
