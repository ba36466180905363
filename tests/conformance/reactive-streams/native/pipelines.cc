#include "pipelines.h"

#include <chrono>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "signals.h"
#include "weir/base/assert.h"
#include "weir/exec/thread_pool.h"
#include "weir/policy/bulkhead.h"
#include "weir/streams/streams.h"

namespace weir::tck {
namespace {

using streams::Flow;
using Refs = Flow<JavaRef>;
using Operator = std::function<Refs(Refs)>;

JavaRef box(int64_t value) noexcept {
  jvalue argument;
  argument.j = value;
  const LocalRef boxed(
      env()->CallStaticObjectMethodA(java().long_class, java().long_value_of, &argument));
  WEIR_ASSERT(!env()->ExceptionCheck());
  return JavaRef(boxed.get());
}

// Never destroyed: its threads are attached to the JVM, which may be gone by then.
exec::ThreadPool& pool() {
  static auto& threads = *new exec::ThreadPool({.threads = 2, .spin = Duration::zero()});
  return threads;
}

Refs one(const JavaRef& item) {
  return streams::just(item);
}

Refs through_guard(Refs source) {
  auto stack = std::make_shared<PolicyStack>(std::vector<std::shared_ptr<Policy>>{
      std::make_shared<Bulkhead>(Bulkhead::Options{.max = 4})});
  return std::move(source) | streams::guard(std::move(stack), pool()) |
         streams::map([](streams::Admitted<JavaRef> admitted) { return admitted.item; });
}

Refs through_groups(Refs source) {
  return std::move(source) | streams::group_by_key([](const JavaRef&) noexcept { return 0; }) |
         streams::flat_map([](auto group) noexcept { return std::move(group.items); });
}

const std::map<std::string, Operator>& operators() {
  using std::chrono::hours;
  using std::chrono::milliseconds;
  static const std::map<std::string, Operator> all = {
      {"range", [](Refs f) { return f; }},
      {"map", [](Refs f) { return f | streams::map([](JavaRef item) noexcept { return item; }); }},
      {"filter", [](Refs f) { return f | streams::filter([](const JavaRef&) { return true; }); }},
      {"take", [](Refs f) { return f | streams::take(streams::kUnbounded); }},
      {"publish_on", [](Refs f) { return f | streams::publish_on(pool(), {.items = 8}); }},
      {"subscribe_on", [](Refs f) { return f | streams::subscribe_on(pool()); }},
      {"limit_rate", [](Refs f) { return f | streams::limit_rate(8); }},
      {"flat_map", [](Refs f) { return f | streams::flat_map(one, {.concurrency = 1}); }},
      {"concat_map", [](Refs f) { return f | streams::concat_map(one); }},
      {"merge", [](Refs f) { return streams::merge(f, streams::empty<JavaRef>()); }},
      {"concat", [](Refs f) { return streams::concat(streams::empty<JavaRef>(), f); }},
      {"group_by_key", through_groups},
      {"guard", through_guard},
      {"share", [](Refs f) { return f | streams::share({.items = 16}); }},
      {"buffer", [](Refs f) { return f | streams::on_backpressure_buffer({.items = 1 << 16}); }},
      {"timeout", [](Refs f) { return f | streams::timeout(pool(), hours(1)); }},
      {"throttle",
       [](Refs f) {
         return f |
                streams::throttle(pool(), {.items = 1000, .per = milliseconds(1), .burst = 1000});
       }},
      {"retry_when",
       [](Refs f) {
         return f | streams::retry_when(pool(), [](const StreamError&, uint32_t) {
                  return std::optional<Duration>();
                });
       }},
  };
  return all;
}

streams::Generator<int64_t> count_to(int64_t end) {
  for (int64_t i = 0; i < end; ++i) co_yield i;
}

/// Keeps the subscriber that an operator brings, so that the TCK can play the operator's upstream.
class Capture final : public ItemPublisher {
 public:
  void subscribe(std::shared_ptr<ItemSubscriber> subscriber) override {
    captured = std::move(subscriber);
  }
  std::shared_ptr<ItemSubscriber> captured;
};

}  // namespace

std::shared_ptr<ItemPublisher> make_publisher(const std::string& kind, int64_t elements) {
  if (kind == "generator") {
    return Refs(streams::from_generator([elements] { return count_to(elements); }) |
                streams::map(box))
        .publisher();
  }
  const auto numbers = streams::range<int64_t>(0, elements) | streams::map(box);
  return operators().at(kind)(numbers).publisher();
}

std::shared_ptr<ItemPublisher> make_failed_publisher(const std::string& kind,
                                                     streams::StreamError error) {
  const auto failed = streams::fail<JavaRef>(std::move(error));
  return operators().at(kind == "generator" ? "range" : kind)(failed).publisher();
}

std::shared_ptr<ItemSubscriber> make_subscriber(const std::string& kind, JavaRef probe) {
  auto capture = std::make_shared<Capture>();
  Refs source(capture);
  if (probe.get() != nullptr) {
    operators().at(kind)(source).subscribe(std::make_shared<JavaSubscriber>(probe));
  } else if (kind == "publish_on") {
    source | streams::publish_on(pool(), {.items = 4}) | streams::for_each([](const auto&) {});
  } else {
    source | streams::for_each([](const JavaRef&) noexcept {}, {}, 4);
  }
  return std::move(capture->captured);
}

ProcessorEnds make_processor(const std::string& kind, uint64_t buffer) {
  auto hub = streams::Multicast<JavaRef>::make({.items = buffer, .cancel_when_unused = true});
  if (kind == "multicast") return {hub, hub};
  return {hub, operators().at(kind)(Refs(hub)).publisher()};
}

}  // namespace weir::tck
