// One limiter for two kinds of work: requests that come in by themselves, and items that are
// pulled. While inbound requests hold places, the pull slows down; when they leave, it catches up.
#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

#include "weir/policy/bulkhead.h"
#include "weir/streams/for_each.h"
#include "weir/streams/guard.h"
#include "weir/streams/source.h"
#include "weir/streams/virtual_scheduler.h"

int main() {
  namespace streams = weir::streams;
  using std::chrono::milliseconds;

  streams::VirtualScheduler scheduler;
  auto places = std::make_shared<weir::Bulkhead>(weir::Bulkhead::Options{.max = 10});
  weir::PolicyStack inbound({places});

  // Seven requests are being served.
  std::vector<weir::Permit> requests;
  for (int i = 0; i < 7; ++i)
    requests.push_back(*inbound.admit(weir::RequestContext{}, scheduler.now()));

  // The flow gets what is left, and keeps each permit for as long as the work takes.
  bool closing = false;  // giving work up lets the flow go on, and it must find no dying vector
  std::vector<streams::Admitted<int>> work;
  streams::range(0, 1000) | streams::limit_by(places, scheduler) |
      streams::for_each([&work, &closing](streams::Admitted<int> admitted) noexcept {
        if (!closing) work.push_back(std::move(admitted));
      });
  std::printf("7 requests inside: the flow works on %zu items\n", work.size());
  const size_t beside_requests = work.size();

  for (weir::Permit& request : requests)
    std::move(request).complete(weir::Outcome::kSuccess, scheduler.now());
  scheduler.advance(milliseconds(100));  // the flow asks again by itself
  std::printf("the requests are done: the flow works on %zu items\n", work.size());
  closing = true;
  return beside_requests == 3 && work.size() == 10 ? 0 : 1;
}
