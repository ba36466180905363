// A coroutine that makes items, and one that reads them where it wants them.
#include <cstdio>
#include <latch>
#include <utility>

#include "weir/exec/thread_pool.h"
#include "weir/streams/generator.h"
#include "weir/streams/next.h"
#include "weir/streams/subscribe_on.h"
#include "weir/streams/take.h"

namespace {

namespace streams = weir::streams;

streams::Generator<long> fibonacci() {
  long a = 0;
  long b = 1;
  for (;;) {
    co_yield a;
    a = std::exchange(b, a + b);
  }
}

streams::Detached print_all(streams::Flow<long> flow, std::latch& done) {
  auto reader = streams::read(flow, 4);  // never more than four ahead
  while (const auto item = co_await streams::next(reader)) std::printf("%ld ", *item);
  std::puts(reader.error() ? "failed" : "end");
  done.count_down();
}

}  // namespace

int main() {
  weir::exec::ThreadPool pool({.threads = 1});
  std::latch done(1);
  print_all(streams::from_generator(fibonacci) | streams::take(20) | streams::subscribe_on(pool),
            done);
  done.wait();
}
