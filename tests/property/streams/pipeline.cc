#include "property/streams/pipeline.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "weir/policy/bulkhead.h"
#include "weir/streams/streams.h"

namespace weir::streams {
namespace {

using Items = std::vector<int64_t>;

constexpr int64_t kItemsMax = 60;
/// flat_map multiplies; beyond this a pipeline has no more of them.
constexpr size_t kItemsManyMax = 600;

/// Fails after some items the first times it is subscribed to.
struct FlakySource {
  using Item = int64_t;
  std::shared_ptr<int> failures_left;
  int64_t count;
  int64_t fail_after;
  int64_t next = 0;
  std::optional<bool> failing{};
  StreamError reason = source_error();

  bool done() const noexcept { return false; }
  const StreamError& error() const noexcept { return reason; }
  template <typename Emit>
  Pull pull(Emit&& emit) noexcept {
    if (!failing) failing = (*failures_left)-- > 0;
    if (*failing && next == fail_after) return Pull::kError;
    if (next == count) return Pull::kEnd;
    emit(next++);
    return Pull::kItem;
  }
};

Generator<int64_t> count_up(int64_t count) {
  for (int64_t i = 0; i < count; ++i) co_yield i;
}

class Builder {
 public:
  Builder(Rng& rng, TimedScheduler& scheduler, const std::shared_ptr<Report>& report)
      : rng_(rng), scheduler_(scheduler), report_(report), made_{source(), {}, {}, false, {}} {
    made_.items = source_items_;
    made_.fails = source_fails_;
    made_.text = source_text_;
    check();
  }

  Pipeline build() {
    const uint64_t operators = 1 + rng_.below(7);
    for (uint64_t i = 0; i < operators; ++i) {
      step();
      check();
    }
    return std::move(made_);
  }

 private:
  uint64_t pick(uint64_t from, uint64_t to) { return from + rng_.below(to - from + 1); }

  Flow<int64_t> source() {
    const auto count = static_cast<int64_t>(rng_.below(kItemsMax));
    for (int64_t i = 0; i < count; ++i) source_items_.push_back(i);
    switch (rng_.below(5)) {
      case 0: source_text_ = "values " + std::to_string(count); return from(source_items_);
      case 1:
        source_text_ = "generator " + std::to_string(count);
        return from_generator([count] { return count_up(count); });
      case 2: {
        source_text_ = "failing range " + std::to_string(count);
        source_fails_ = true;
        return concat(Flow<int64_t>(range<int64_t>(0, count)),
                      Flow<int64_t>(fail<int64_t>(source_error())));
      }
      case 3: return flaky(count);
      default: source_text_ = "range " + std::to_string(count); return range<int64_t>(0, count);
    }
  }

  // With its retry: together they are one source that begins anew a few times.
  Flow<int64_t> flaky(int64_t count) {
    const auto failures = static_cast<int>(pick(1, 3));
    const auto fail_after = static_cast<int64_t>(rng_.below(static_cast<uint64_t>(count) + 1));
    source_text_ = "flaky " + std::to_string(count) + " fails " + std::to_string(failures) +
                   "x after " + std::to_string(fail_after) + " | retry_when";
    Items all;
    for (int i = 0; i < failures; ++i)
      for (int64_t x = 0; x < fail_after; ++x) all.push_back(x);
    all.insert(all.end(), source_items_.begin(), source_items_.end());
    source_items_ = all;
    const FlakySource source{std::make_shared<int>(failures), count, fail_after};
    const Duration wait = std::chrono::microseconds(rng_.below(3));
    return Chain<FlakySource>(source) |
           retry_when(scheduler_,
                      [wait](const StreamError&, uint32_t) { return std::optional(wait); });
  }

  void check() { made_.flow = checked(made_.flow, report_, made_.text, rng_.below(2) == 0); }

  template <typename Op>
  void apply(const std::string& text, Op op) {
    made_.flow = Flow<int64_t>(made_.flow | std::move(op));
    made_.text += " | " + text;
  }

  void lose_order() { made_.certainty = std::max(made_.certainty, Certainty::kMultiset); }
  void lose_items() { made_.certainty = Certainty::kAnything; }

  void step() {
    static constexpr std::array kSteps = {
        &Builder::add_map,    &Builder::add_filter,   &Builder::add_take,
        &Builder::add_skip,   &Builder::add_publish,  &Builder::add_subscribe,
        &Builder::add_rate,   &Builder::add_flat_map, &Builder::add_concat_map,
        &Builder::add_merge,  &Builder::add_concat,   &Builder::add_groups,
        &Builder::add_buffer, &Builder::add_drop,     &Builder::add_latest,
        &Builder::add_share,  &Builder::add_throttle, &Builder::add_timeout,
        &Builder::add_guard,  &Builder::add_credits,  &Builder::add_bytes,
    };
    (this->*kSteps[rng_.below(kSteps.size())])();
  }

  void add_map() {
    apply("map", map([](int64_t x) { return x * 3 + 1; }));
    for (int64_t& x : made_.items) x = x * 3 + 1;
  }
  void add_filter() {
    apply("filter", filter([](int64_t x) noexcept { return x % 3 != 0; }));
    std::erase_if(made_.items, [](int64_t x) { return x % 3 == 0; });
    if (made_.certainty == Certainty::kCount) lose_items();
  }
  void add_take() {
    const uint64_t count = rng_.below(40);
    apply("take " + std::to_string(count), take(count));
    // Which ones are taken, is open when their order is; and with how many came, whether the
    // source's error is seen at all.
    if (made_.certainty == Certainty::kMultiset) made_.certainty = Certainty::kCount;
    if (made_.certainty != Certainty::kAnything && count <= made_.items.size()) made_.fails = false;
    if (made_.certainty == Certainty::kAnything) fails_open_ = true;
    made_.items.resize(std::min<size_t>(made_.items.size(), count));
    if (count == 0) made_.fails = false;
  }
  void add_skip() {
    const uint64_t count = rng_.below(20);
    apply("skip " + std::to_string(count), skip(count));
    if (made_.certainty == Certainty::kMultiset) made_.certainty = Certainty::kCount;
    made_.items.erase(made_.items.begin(),
                      made_.items.begin() +
                          static_cast<std::ptrdiff_t>(std::min<size_t>(count, made_.items.size())));
  }
  void add_publish() {
    const uint64_t items = pick(1, 20);
    apply("publish_on " + std::to_string(items), publish_on(scheduler_, {.items = items}));
  }
  void add_bytes() {
    const uint64_t bytes = pick(1, 100);
    apply("publish_on bytes " + std::to_string(bytes),
          publish_on(scheduler_, {.items = 16, .bytes = bytes}));
  }
  void add_subscribe() { apply("subscribe_on", subscribe_on(scheduler_)); }
  void add_rate() {
    const uint64_t items = pick(1, 20);
    apply("limit_rate " + std::to_string(items), limit_rate(items));
  }
  void add_flat_map() {
    if (made_.items.size() > kItemsManyMax) return;
    const FlatMapOptions options{.concurrency = pick(1, 8), .prefetch = pick(1, 8)};
    const auto each = static_cast<int64_t>(rng_.below(4));
    const bool async = rng_.below(2) == 0;
    apply("flat_map " + std::to_string(options.concurrency) + "/" +
              std::to_string(options.prefetch) + " of " + std::to_string(each) +
              (async ? " async" : ""),
          flat_map(
              [each, async, this_scheduler = &scheduler_](int64_t x) {
                Flow<int64_t> inner = range<int64_t>(x, x + each);
                return async ? Flow<int64_t>(inner | subscribe_on(*this_scheduler)) : inner;
              },
              options));
    multiply(each);
    if (options.concurrency > 1) lose_order();
  }
  void add_concat_map() {
    if (made_.items.size() > kItemsManyMax) return;
    const auto each = static_cast<int64_t>(rng_.below(4));
    apply("concat_map of " + std::to_string(each),
          concat_map([each](int64_t x) { return range<int64_t>(x, x + each); }, pick(1, 8)));
    multiply(each);
  }
  void multiply(int64_t each) {
    Items many;
    for (int64_t x : made_.items)
      for (int64_t i = 0; i < each; ++i) many.push_back(x + i);
    made_.items = std::move(many);
  }
  void add_merge() {
    // The other side may be cut short by an error of this one, or not.
    if (made_.fails || fails_open_) return;
    const auto count = static_cast<int64_t>(rng_.below(20));
    std::vector<Flow<int64_t>> both{made_.flow, Flow<int64_t>(range<int64_t>(0, count))};
    made_.flow = merge(std::move(both), pick(1, 8));
    made_.text += " | merge range " + std::to_string(count);
    for (int64_t i = 0; i < count; ++i) made_.items.push_back(i);
    lose_order();
  }
  void add_concat() {
    if (made_.fails || fails_open_) return;
    const auto count = static_cast<int64_t>(rng_.below(20));
    made_.flow = concat(made_.flow, Flow<int64_t>(range<int64_t>(0, count)));
    made_.text += " | concat range " + std::to_string(count);
    for (int64_t i = 0; i < count; ++i) made_.items.push_back(i);
  }
  void add_groups() {
    // One group may hear of the error before another has been read to its end.
    const uint64_t prefetch = pick(1, 20);
    apply("group_by_key " + std::to_string(prefetch) + " | flat_map", [prefetch](
                                                                          Flow<int64_t> source) {
      return source |
             group_by_key([](int64_t x) { return ((x % 5) + 5) % 5; }, {.prefetch = prefetch}) |
             flat_map([](Group<int64_t, int64_t> group) { return std::move(group.items); },
                      {.concurrency = 8, .prefetch = 3});
    });
    lose_order();
    if (made_.fails) lose_items();
  }
  void add_buffer() { apply("on_backpressure_buffer", on_backpressure_buffer({.items = 1 << 12})); }
  void add_drop() {
    apply("on_backpressure_drop", on_backpressure_drop());
    lose_items();
  }
  void add_latest() {
    apply("on_backpressure_latest", on_backpressure_latest());
    lose_items();
  }
  void add_share() {
    const uint64_t items = pick(1, 20);
    apply("share " + std::to_string(items), share({.items = items}));
    // A multicast does not make an error wait for demand.
    if (made_.fails) lose_items();
  }
  void add_throttle() {
    apply("throttle", throttle(scheduler_, {.items = 10,
                                            .per = std::chrono::microseconds(pick(1, 20)),
                                            .burst = pick(1, 5)}));
  }
  void add_timeout() { apply("timeout", timeout(scheduler_, std::chrono::hours(1))); }
  void add_guard() {
    auto stack = std::make_shared<PolicyStack>(std::vector<std::shared_ptr<Policy>>{
        std::make_shared<Bulkhead>(Bulkhead::Options{.max = static_cast<uint32_t>(pick(1, 5))})});
    apply("guard | map", [stack, &scheduler = scheduler_](Flow<int64_t> source) {
      return source | guard(stack, scheduler) | map([](Admitted<int64_t> a) { return a.item; });
    });
  }
  void add_credits() {
    auto stock = std::make_shared<CreditStock>();
    // Eight bytes an item, or bytes do not count.
    const uint64_t bytes = rng_.below(2) == 0 ? 8 : kUnbounded;
    const uint64_t items = pick(1, 5);
    stock->grant(items, bytes == kUnbounded ? bytes : items * bytes);
    apply("with_credits | map", [stock, bytes](Flow<int64_t> source) {
      return source | with_credits(stock) | map([stock, bytes](int64_t x) {
               stock->grant(1, bytes);
               return x;
             });
    });
  }

  Rng& rng_;
  TimedScheduler& scheduler_;
  const std::shared_ptr<Report>& report_;
  Items source_items_;
  bool source_fails_ = false;
  bool fails_open_ = false;
  std::string source_text_;
  Pipeline made_;
};

}  // namespace

const StreamError& source_error() {
  static const StreamError reason = StreamError::of(std::string("the source's own"));
  return reason;
}

Pipeline random_pipeline(Rng& rng, TimedScheduler& scheduler,
                         const std::shared_ptr<Report>& report) {
  return Builder(rng, scheduler, report).build();
}

}  // namespace weir::streams
