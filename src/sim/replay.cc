#include "sim/replay.h"

#include <algorithm>
#include <cmath>

#include "config/suggest.h"
#include "proxy/recording.h"
#include "sim/replay_model.h"
#include "sim/window_merge.h"
#include "weir/control/registry.h"

namespace weir::sim {
namespace {

using proxy::RecordedDecision;
using proxy::RecordedGap;
using proxy::RecordedUpstream;

// A recording of a week; beyond it something is wrong with its clock.
constexpr size_t kSecondsMax = 7 * 86'400;

/// Sums the windows of each second.
class SecondSums {
 public:
  void add(const WindowStats& window, double limit, double replayed) {
    successes += window.successes;
    admitted += window.admitted;
    limited += window.limited;
    dropped += window.dropped;
    latency.merge(window.latency);
    length += to_seconds(window.length());
    last_limit = limit;
    last_replayed = replayed;
  }

  ReplaySecond finish() const {
    ReplaySecond second;
    const double time = std::max(length, 1e-3);
    const auto rate = [time](uint64_t count) { return static_cast<double>(count) / time; };
    // Whoever finds the limit reached mostly waits and is admitted later: adding both would count
    // them twice.
    second.demand = rate(std::max(admitted, limited));
    second.good = rate(successes);
    second.dropped = rate(dropped);
    second.limited = rate(limited);
    second.p50 = to_seconds(latency.quantile(0.5));
    second.p99 = to_seconds(latency.quantile(0.99));
    second.mean = to_seconds(latency.mean());
    second.limit = last_limit;
    second.replayed = last_replayed;
    return second;
  }

  double length = 0;

 private:
  uint64_t successes = 0;
  uint64_t admitted = 0;
  uint64_t limited = 0;
  uint64_t dropped = 0;
  Histogram latency;
  double last_limit = 0;
  double last_replayed = 0;
};

Unexpected<Error> no_such(const char* kind, const std::string& name,
                          const std::vector<std::string>& known) {
  const std::string guess = config::nearest(name, known);
  std::string all;
  for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
  return Unexpected<Error>(Error{ErrorKind::kUsage,
                                 std::string("there is no ") + kind + " '" + name + "'" +
                                     (guess.empty() ? "" : "; did you mean '" + guess + "'?"),
                                 "there are: " + all});
}

/// Runs the recorded windows through the law; the limits that it answers have no effect on them.
class Replayer {
 public:
  Replayer(const ReplayOptions& options, Replay& replay) : options_(options), replay_(replay) {}

  Expected<void> run(proxy::RecordingReader& reader) {
    while (true) {
      auto entry = reader.next();
      if (!entry) return Unexpected<Error>(entry.error());
      if (!entry->has_value()) break;
      if (const auto* upstream = std::get_if<RecordedUpstream>(&**entry)) {
        if (auto begun = begin(*upstream); !begun) return begun;
      } else if (const auto* decision = std::get_if<RecordedDecision>(&**entry)) {
        if (law_ != nullptr && decision->upstream == id_) add(*decision);
      } else if (const auto* gap = std::get_if<RecordedGap>(&**entry)) {
        replay_.lost += gap->lost;
      }
    }
    replay_.cut_short = reader.cut_short();
    return finish();
  }

 private:
  Expected<void> begin(const RecordedUpstream& upstream) {
    names_.push_back(upstream.name);
    const bool wanted = options_.upstream.empty() || options_.upstream == upstream.name;
    if (law_ != nullptr || !wanted) return {};
    id_ = upstream.id;
    bounds_ = {upstream.limit_min, upstream.limit_max};
    replay_.upstream = upstream.name;
    replay_.recorded_law = upstream.law;
    replay_.law = options_.law.empty() ? upstream.law : options_.law;
    replay_.from_the_start = upstream.from_the_start;
    law_ = make_limit(replay_.law, options_.seed);
    if (law_ != nullptr) {
      limit_ = clamped(law_->initial());
      return {};
    }
    std::vector<std::string> laws;
    for (const LimitRegistration& law : registered_limits()) laws.emplace_back(law.name);
    return no_such("law", replay_.law, laws);
  }

  void add(const RecordedDecision& decision) {
    WindowStats window = decision.window;
    if (replay_.decisions++ == 0) begin_ = window.begin;
    window.limit = limit_;
    if (const auto complete = merger_.add(window, law_->window()))
      limit_ = clamped(law_->update(*complete, complete->end).limit);
    same_ += limit_ == decision.move.after ? 1 : 0;
    const double since = to_seconds(decision.window.end - begin_);
    const size_t second = static_cast<size_t>(std::max(0.0, std::ceil(since) - 1));
    // A clock that leaps makes no seconds; the windows of such a leap count in the present one.
    if (second > replay_.seconds.size() && second < kSecondsMax) {
      replay_.seconds.resize(second, sums_.finish());
      sums_ = {};
    }
    sums_.add(decision.window, decision.move.after, limit_);
    if (!has_samples(decision.window)) return;
    (decision.window.limited > 0 ? saturated_ : unsaturated_).merge(decision.window.latency);
  }

  static bool has_samples(const WindowStats& window) { return window.samples() > 0; }

  uint32_t clamped(uint32_t limit) const { return std::clamp(limit, bounds_.min, bounds_.max); }

  Expected<void> finish() {
    if (law_ == nullptr && names_.empty()) {
      return Unexpected<Error>(
          Error{ErrorKind::kConfig, "the recording is empty", "record for a while, under traffic"});
    }
    if (law_ == nullptr) return no_such("upstream", options_.upstream, names_);
    if (sums_.length > 0) replay_.seconds.push_back(sums_.finish());
    if (replay_.decisions > 0)
      replay_.same_limit = static_cast<double>(same_) / static_cast<double>(replay_.decisions);
    replay_.service =
        estimate_service(replay_.seconds, unsaturated_.count() > 0 ? unsaturated_ : saturated_);
    return {};
  }

  struct Bounds {
    uint32_t min = 1;
    uint32_t max = 1000;
  };

  const ReplayOptions& options_;
  Replay& replay_;
  std::vector<std::string> names_;
  std::unique_ptr<Limit> law_;
  uint32_t id_ = 0;
  uint32_t limit_ = 1;
  Bounds bounds_;
  Instant begin_{};
  uint64_t same_ = 0;
  WindowMerger merger_;
  SecondSums sums_;
  Histogram unsaturated_;
  Histogram saturated_;
};

}  // namespace

Expected<Replay> replay(std::string_view recording, const ReplayOptions& options) {
  auto reader = proxy::RecordingReader::open(recording);
  if (!reader) return Unexpected<Error>(reader.error());
  Replay replay;
  if (auto done = Replayer(options, replay).run(*reader); !done)
    return Unexpected<Error>(done.error());
  if (replay.service.service_seconds > 0) {
    replay.recorded_in_model =
        simulate_law(replay.recorded_law, replay.service, replay.seconds, options.seed);
    replay.replayed_in_model =
        simulate_law(replay.law, replay.service, replay.seconds, options.seed);
  }
  return replay;
}

}  // namespace weir::sim
