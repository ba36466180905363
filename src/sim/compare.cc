#include "sim/compare.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>

#include "observe/json.h"
#include "sim/world.h"

namespace weir::sim {
namespace {

bool better(const Target& target, double a, double b) {
  return target.sense == Sense::kAtLeast ? a > b : a < b;
}

void keep_best(const Score& score, const std::string& name, std::vector<Comparison>& lines) {
  for (size_t t = 0; t < lines.size(); ++t) {
    Comparison& line = lines[t];
    if (!line.best_peer_name.empty() && !better(line.target, score.worst[t], line.best_peer))
      continue;
    line.best_peer = score.worst[t];
    line.best_peer_name = name;
  }
}

std::vector<Comparison> compare_row(const MatrixRow& row, const CompareOptions& options) {
  const Score own = score(row, guard_of_law(options.law), options.seed_count, options.threads);
  std::vector<Comparison> lines;
  for (size_t t = 0; t < row.targets.size(); ++t) {
    lines.push_back({.scenario = row.id,
                     .title = row.title,
                     .target = row.targets[t],
                     .ours_worst = own.worst[t],
                     .ours_mean = own.mean[t],
                     .best_peer_name = {},
                     .pass = met(row.targets[t], own.worst[t])});
  }
  if (!options.with_peers) return lines;
  for (const Contestant& peer : peers())
    for (const GuardSpec& setting : peer.settings)
      keep_best(score(row, setting, options.seed_count, options.threads), setting.name, lines);
  return lines;
}

template <typename... Values>
std::string format(const char* pattern, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

const char* sign(const Target& target) {
  return target.sense == Sense::kAtLeast ? ">=" : "<=";
}

}  // namespace

Score score(const MatrixRow& row, const GuardSpec& guard, int seed_count, int threads) {
  std::vector<std::vector<double>> values(static_cast<size_t>(seed_count));
  std::atomic<int> next{0};
  const auto work = [&] {
    for (int i = next++; i < seed_count; i = next++) {
      World world(row.scenario, guard, static_cast<uint64_t>(i) + 1);
      RunResult result = world.run();
      values[static_cast<size_t>(i)] = row.measure(row.scenario, result);
    }
  };
  std::vector<std::thread> pool;
  for (int i = 1; i < threads; ++i) pool.emplace_back(work);
  work();
  for (std::thread& thread : pool) thread.join();

  Score score;
  for (size_t t = 0; t < row.targets.size(); ++t) {
    double worst = values[0][t];
    double total = 0;
    for (const auto& value : values) {
      if (better(row.targets[t], worst, value[t])) worst = value[t];
      total += value[t];
    }
    score.worst.push_back(worst);
    score.mean.push_back(total / seed_count);
  }
  return score;
}

void compare(const CompareOptions& options,
             const std::function<void(const std::vector<Comparison>&)>& done) {
  for (const MatrixRow& row : scenario_matrix()) {
    const auto& only = options.only;
    if (!only.empty() && std::find(only.begin(), only.end(), row.id) == only.end()) continue;
    done(compare_row(row, options));
  }
}

std::string to_table(const std::vector<Comparison>& lines, bool header) {
  std::string text;
  if (header)
    text += format("%-4s %-38s %-15s %11s %10s %10s %10s  %s\n", "id", "scenario", "figure",
                   "target", "ours worst", "ours mean", "best peer", "");
  for (const Comparison& line : lines) {
    text += format("%-4s %-38s %-15s %3s %7.4g %10.4f %10.4f ", line.scenario.c_str(),
                   line.title.c_str(), line.target.metric.c_str(), sign(line.target),
                   line.target.bound, line.ours_worst, line.ours_mean);
    text += line.best_peer_name.empty()
                ? format("%10s", "-")
                : format("%10.4f  %s", line.best_peer, line.best_peer_name.c_str());
    text += line.pass ? "\n" : "  MISSED\n";
  }
  return text;
}

std::string to_json(const std::vector<Comparison>& lines) {
  observe::JsonWriter json;
  json.begin_array();
  for (const Comparison& line : lines) {
    json.begin_object();
    json.member("scenario", line.scenario);
    json.member("metric", line.target.metric);
    json.member("target", format("%s %g", sign(line.target), line.target.bound));
    json.member("ours_worst", line.ours_worst);
    json.member("ours_mean", line.ours_mean);
    json.key("best_peer");
    line.best_peer_name.empty() ? json.null() : json.value(line.best_peer);
    json.key("best_peer_name");
    line.best_peer_name.empty() ? json.null() : json.value(line.best_peer_name);
    json.member("pass", line.pass);
    json.end_object();
  }
  json.end_array();
  return json.text() + "\n";
}

}  // namespace weir::sim
