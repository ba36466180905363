#include "lab/kafka_demo_view.h"

#include <algorithm>

#include "lab/format.h"

namespace weir::lab {
namespace {

using namespace std::chrono_literals;

constexpr size_t kTimelineWidth = 44;
constexpr size_t kBarWidth = 30;
constexpr Duration kRecent = 1s;

enum class Act : uint8_t { kWell, kSlow, kDraining, kDrained };

Act act(const KafkaDemoResult& so_far) {
  const Duration at = so_far.samples.back().at;
  if (at < so_far.plan.slow_from()) return Act::kWell;
  if (at < so_far.plan.slow_to()) return Act::kSlow;
  return drained_at(so_far) == Duration::max() ? Act::kDraining : Act::kDrained;
}

/// The story's length as it is expected to be, for the width of the timelines.
Duration expected_length(const KafkaDemoPlan& plan) {
  const double spare = std::max(plan.capacity() - plan.rate, 1.0);
  return plan.slow_to() + from_seconds(plan.lag_expected() / spare * 1.2) + 2s;
}

/// The run on a fixed width, by the last sample of each column; the future is not drawn.
template <typename Value>
std::vector<double> columns(const KafkaDemoResult& so_far, Value value) {
  const Duration now = so_far.samples.back().at;
  const Duration length = std::max(expected_length(so_far.plan), now);
  const Duration step = length / static_cast<int64_t>(kTimelineWidth);
  std::vector<double> values;
  size_t next = 0;
  for (size_t i = 1; i <= kTimelineWidth; ++i) {
    const Duration until = step * static_cast<int64_t>(i);
    if (until > now + step) break;
    while (next + 1 < so_far.samples.size() && so_far.samples[next + 1].at <= until) ++next;
    values.push_back(value(so_far.samples[next]));
  }
  return values;
}

double recent_rate(const KafkaDemoResult& so_far) {
  const Duration now = so_far.samples.back().at;
  return served_rate(so_far, std::max(now - kRecent, Duration::zero()), now);
}

unsigned long long printable(uint64_t number) {
  return number;
}

}  // namespace

std::string kafka_demo_sentence(const KafkaDemoResult& so_far) {
  const KafkaSample& now = so_far.samples.back();
  switch (act(so_far)) {
    case Act::kWell:
      return "All is well: records are delivered as they come, and nothing was configured.";
    case Act::kSlow:
      return format(
          "The service is 10x slower. The bridge has found that it bears %llu at once; what it "
          "cannot take yet stays in Kafka, where it is safe.",
          printable(now.limit));
    case Act::kDraining:
      return format(
          "The service is well again: %llu records of lag are worked off as fast as it "
          "can, while new ones keep coming.",
          printable(now.lag()));
    case Act::kDrained: return "The lag is gone.";
  }
  return {};
}

std::string kafka_demo_screen(const KafkaDemoResult& so_far, ViewStyle style) {
  const Painter paint(style);
  const KafkaDemoPlan& plan = so_far.plan;
  const KafkaSample& now = so_far.samples.back();
  const bool slow = act(so_far) == Act::kSlow;
  std::string out =
      paint.bold("weir lab demo --kafka") + format("%45s %5.0f s\n\n", "", to_seconds(now.at));
  out += "producers --> topic orders --> weir bridge --> service";
  out += slow ? paint.bad("  << 10x slower") + "\n\n" : std::string("\n\n");

  const auto lag =
      columns(so_far, [](const KafkaSample& s) { return static_cast<double>(s.lag()); });
  const auto limit =
      columns(so_far, [](const KafkaSample& s) { return static_cast<double>(s.limit); });
  const double limit_top = std::max(*std::max_element(limit.begin(), limit.end()), 1.0);
  out += paint.bold("lag in Kafka    ") + "  " +
         pad(sparkline(lag, plan.lag_expected()), kTimelineWidth, lag.size()) +
         format("  %6llu\n", printable(now.lag()));
  out += paint.bold("limit found     ") + "  " +
         pad(sparkline(limit, limit_top), kTimelineWidth, limit.size()) +
         format("  %6llu\n\n", printable(now.limit));

  const double rate = recent_rate(so_far);
  const double bears = slow ? plan.degraded_capacity() : plan.capacity();
  const std::string served = bar(rate, plan.capacity(), kBarWidth);
  out += "produced         [" + bar(plan.rate, plan.capacity(), kBarWidth) +
         format("] %5.0f/s\n", plan.rate);
  out += "served           [" + (slow ? paint.warn(served) : paint.good(served)) +
         format("] %5.0f/s  it bears %.0f/s\n", rate, bears);
  const double top = plan.workers * 2.0;
  const std::string inside = bar(static_cast<double>(now.queued), top, kBarWidth);
  out += "busy workers     [" + bar(static_cast<double>(now.busy), top, kBarWidth) +
         format("] %5llu of %u\n", printable(now.busy), plan.workers);
  out += "waiting inside   [" + (now.queued > plan.workers ? paint.bad(inside) : inside) +
         format("] %5llu\n\n", printable(now.queued));
  out += paint.dim(format("delivered %llu   failed and tried again %llu   given up %llu",
                          printable(now.served), printable(now.retried), printable(now.dead)));
  return out + "\n\n" + wrap(kafka_demo_sentence(so_far), 78);
}

std::string kafka_demo_line(const KafkaDemoResult& so_far) {
  const KafkaSample& now = so_far.samples.back();
  const Act what = act(so_far);
  return format(
      "%5.0f s  service %-10s  produced %4.0f/s  served %4.0f/s  lag %6llu  limit %4llu"
      "  waiting inside %llu",
      to_seconds(now.at), what == Act::kSlow ? "10x slower" : "well", so_far.plan.rate,
      recent_rate(so_far), printable(now.lag()), printable(now.limit), printable(now.queued));
}

}  // namespace weir::lab
