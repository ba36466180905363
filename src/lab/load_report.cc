#include "lab/load_report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "lab/units.h"

namespace weir::lab {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char*, kCallEndCount> kEndNames{"ok", "refused", "failed", "broken",
                                                           "timed_out"};
constexpr std::array<double, 6> kQuantiles{0.5, 0.75, 0.9, 0.95, 0.99, 0.999};
constexpr std::array<const char*, 6> kQuantileNames{"p50", "p75", "p90", "p95", "p99", "p99.9"};

double milliseconds(Duration value) {
  return static_cast<double>(value.count() / 1000) / 1000;  // whole microseconds are plenty
}

Json bucket_json(const LoadBucket& bucket, double seconds) {
  Json json;
  json["sent"] = bucket.sent;
  json["sent_ok"] = bucket.sent_ok;
  json["attempts"] = bucket.attempts;
  for (size_t i = 0; i < kEndNames.size(); ++i) json[kEndNames[i]] = bucket.ended[i];
  if (seconds > 0) {
    json["ok_per_second"] = static_cast<double>(bucket.ended_as(CallEnd::kOk)) / seconds;
  }
  return json;
}

void add_latency(Json& json, const Histogram& latency, const char* name = "latency_ms") {
  Json& out = json[name];
  out["mean"] = milliseconds(latency.mean());
  for (size_t i = 0; i < kQuantiles.size(); ++i) {
    out[kQuantileNames[i]] = milliseconds(latency.quantile(kQuantiles[i]));
  }
}

/// Answers that arrive late belong to the last phase, so its end is left open.
Json phases_json(const LoadSetting& setting, const LoadStats& stats) {
  Json phases = Json::array();
  Duration begin{};
  for (size_t i = 0; i < setting.phases.size(); ++i) {
    const Phase& phase = setting.phases[i];
    const bool last = i + 1 == setting.phases.size();
    const LoadBucket sum = stats.between(begin, last ? Duration::max() : begin + phase.length);
    Json json;
    json["from_s"] = to_seconds(begin);
    json["seconds"] = to_seconds(phase.length);
    json["rate_per_second"] = phase.rate;
    json.update(bucket_json(sum, to_seconds(phase.length)));
    add_latency(json, sum.latency);
    phases.push_back(std::move(json));
    begin += phase.length;
  }
  return phases;
}

Json timeline_json(const LoadStats& stats) {
  Json timeline = Json::array();
  const double width = to_seconds(stats.bucket_width());
  for (size_t i = 0; i < stats.buckets().size(); ++i) {
    const LoadBucket& bucket = stats.buckets()[i];
    Json json;
    json["t_s"] = width * static_cast<double>(i);
    json.update(bucket_json(bucket, 0));
    json["p50_ms"] = milliseconds(bucket.latency.quantile(0.5));
    json["p99_ms"] = milliseconds(bucket.latency.quantile(0.99));
    timeline.push_back(std::move(json));
  }
  return timeline;
}

template <typename... Args>
void append(std::string& out, const char* format, Args... args) {
  char line[256];
  std::snprintf(line, sizeof line, format, args...);
  out += line;
}

/// One bar a power of two: enough to see one hump from two, short enough to read.
void append_histogram(std::string& out, const Histogram& latency) {
  constexpr int kOctaves = HistogramShape::kExponentMax - HistogramShape::kExponentMin;
  constexpr int kBarMax = 48;
  std::array<uint64_t, kOctaves> counts{};
  for (int i = 0; i < HistogramShape::kBuckets; ++i) {
    counts[static_cast<size_t>(i / HistogramShape::kPerOctave)] += latency.count_at(i);
  }
  const uint64_t top = *std::max_element(counts.begin(), counts.end());
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const auto from = Duration(int64_t{1} << (i + HistogramShape::kExponentMin));
    const auto length = static_cast<size_t>((counts[i] * kBarMax + top - 1) / top);
    append(out, "  from %9s %9llu  ", format_duration(from).c_str(),
           static_cast<unsigned long long>(counts[i]));
    out += std::string(length, '#') + "\n";
  }
}

}  // namespace

Json load_json(const LoadSetting& setting, const LoadStats& stats) {
  Json json;
  Duration length{};
  for (const Phase& phase : setting.phases) length += phase.length;
  const LoadBucket total = stats.total();
  json["url"] = setting.url;
  json["timeout_ms"] = milliseconds(setting.timeout);
  json["retries"] = setting.retries;
  json["obeys_retry_after"] = setting.obeys_retry_after;
  json["seconds"] = to_seconds(length);
  json["total"] = bucket_json(total, to_seconds(length));
  add_latency(json["total"], total.latency);
  add_latency(json["total"], stats.refusals(), "refused_latency_ms");
  for (const auto& [status, count] : stats.by_status()) {
    json["total"]["by_status"][std::to_string(status)] = count;
  }
  json["phases"] = phases_json(setting, stats);
  json["bucket_ms"] = milliseconds(stats.bucket_width());
  json["timeline"] = timeline_json(stats);
  return json;
}

std::string load_text(const LoadSetting& setting, const LoadStats& stats) {
  std::string out = "load on " + setting.url + "\n\n";
  append(out, "%10s %9s %9s %9s %9s %9s %9s %9s\n", "phase", "sent", "ok/s", "refused", "failed",
         "timed out", "p50", "p99");
  Duration begin{};
  for (size_t i = 0; i < setting.phases.size(); ++i) {
    const Phase& phase = setting.phases[i];
    const bool last = i + 1 == setting.phases.size();
    const LoadBucket sum = stats.between(begin, last ? Duration::max() : begin + phase.length);
    const double seconds = std::max(1e-9, to_seconds(phase.length));
    append(out, "%8.0f/s %9llu %9.1f %9llu %9llu %9llu %9s %9s\n", phase.rate,
           static_cast<unsigned long long>(sum.sent),
           static_cast<double>(sum.ended_as(CallEnd::kOk)) / seconds,
           static_cast<unsigned long long>(sum.ended_as(CallEnd::kRefused)),
           static_cast<unsigned long long>(sum.ended_as(CallEnd::kFailed) +
                                           sum.ended_as(CallEnd::kBroken)),
           static_cast<unsigned long long>(sum.ended_as(CallEnd::kTimedOut)),
           format_duration(sum.latency.quantile(0.5)).c_str(),
           format_duration(sum.latency.quantile(0.99)).c_str());
    begin += phase.length;
  }
  const LoadBucket total = stats.total();
  out += "\nlatency of good answers, from the intended time\n ";
  for (size_t i = 0; i < kQuantiles.size(); ++i) {
    append(out, " %s %s%s", kQuantileNames[i],
           format_duration(total.latency.quantile(kQuantiles[i])).c_str(),
           i + 1 < kQuantiles.size() ? "," : "\n\n");
  }
  append_histogram(out, total.latency);
  if (!stats.by_status().empty()) out += "\nstatus";
  for (const auto& [status, count] : stats.by_status()) {
    append(out, "  %d: %llu", status, static_cast<unsigned long long>(count));
  }
  append(out, "\nattempts per call %.2f\n",
         total.sent == 0 ? 0.0
                         : static_cast<double>(total.attempts) / static_cast<double>(total.sent));
  return out;
}

std::string load_progress(Duration elapsed, Duration total, const LoadBucket& recent) {
  const double share = total > Duration::zero()
                           ? std::clamp(to_seconds(elapsed) / to_seconds(total), 0.0, 1.0)
                           : 1.0;
  constexpr int kBar = 16;
  const auto filled = static_cast<size_t>(share * kBar);
  std::string out = "[" + std::string(filled, '=') + std::string(kBar - filled, ' ') + "]";
  append(out, " %3.0fs/%.0fs  ok %llu/s  refused %llu/s  lost %llu/s  p99 %s", to_seconds(elapsed),
         to_seconds(total), static_cast<unsigned long long>(recent.ended_as(CallEnd::kOk)),
         static_cast<unsigned long long>(recent.ended_as(CallEnd::kRefused)),
         static_cast<unsigned long long>(recent.ended_as(CallEnd::kFailed) +
                                         recent.ended_as(CallEnd::kBroken) +
                                         recent.ended_as(CallEnd::kTimedOut)),
         format_duration(recent.latency.quantile(0.99)).c_str());
  return out.substr(0, 79);
}

}  // namespace weir::lab
