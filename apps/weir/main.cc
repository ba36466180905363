// The command `weir`. Each verb lives in a file of its own; this one only finds it.
#include <cstdio>

int main() {
  std::puts("weir " WEIR_VERSION);
  return 0;
}
