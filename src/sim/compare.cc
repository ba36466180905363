#include "sim/compare.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <numeric>
#include <thread>

#include "observe/json.h"
#include "sim/world.h"

namespace weir::sim {
namespace {

bool better(const Target& target, double a, double b) {
  return target.sense == Sense::kAtLeast ? a > b : a < b;
}

/// A guard's figures in the seeds it has run so far.
class Tries {
 public:
  Tries(const MatrixRow& row, const GuardSpec& guard) : row_(row), guard_(guard) {}

  /// Runs the next `count` seeds.
  void run(int count, const Seeds& seeds) {
    const size_t begin = values_.size();
    values_.resize(begin + static_cast<size_t>(count));
    std::atomic<size_t> next{begin};
    const auto work = [&] {
      for (size_t i = next++; i < values_.size(); i = next++) {
        values_[i] = measured(row_.scenario, seeds.first + i);
        for (const ScenarioSpec& scenario : row_.further)
          keep_worst(measured(scenario, seeds.first + i), values_[i]);
      }
    };
    std::vector<std::thread> pool;
    for (int i = 1; i < std::min(seeds.threads, count); ++i) pool.emplace_back(work);
    work();
    for (std::thread& thread : pool) thread.join();
  }

  int done() const { return static_cast<int>(values_.size()); }
  const std::string& name() const { return guard_.name; }

  double worst(size_t t) const {
    double worst = values_[0][t];
    for (const auto& value : values_)
      if (better(row_.targets[t], worst, value[t])) worst = value[t];
    return worst;
  }

  double mean(size_t t) const {
    double total = 0;
    for (const auto& value : values_) total += value[t];
    return total / static_cast<double>(values_.size());
  }

 private:
  std::vector<double> measured(const ScenarioSpec& scenario, uint64_t seed) const {
    World world(scenario, guard_, seed);
    RunResult result = world.run();
    return row_.measure(scenario, result);
  }

  void keep_worst(const std::vector<double>& values, std::vector<double>& worst) const {
    for (size_t t = 0; t < worst.size(); ++t)
      if (better(row_.targets[t], worst[t], values[t])) worst[t] = values[t];
  }

  const MatrixRow& row_;
  const GuardSpec& guard_;
  std::vector<std::vector<double>> values_;  // by seed, then by target
};

void keep_best(const Tries& tries, std::vector<Comparison>& lines) {
  for (size_t t = 0; t < lines.size(); ++t) {
    Comparison& line = lines[t];
    if (!line.best_peer_name.empty() && !better(line.target, tries.worst(t), line.best_peer))
      continue;
    line.best_peer = tries.worst(t);
    line.best_peer_name = tries.name();
  }
}

bool can_win(const Tries& tries, const std::vector<Comparison>& lines) {
  for (size_t t = 0; t < lines.size(); ++t)
    if (lines[t].best_peer_name.empty() ||
        better(lines[t].target, tries.worst(t), lines[t].best_peer))
      return true;
  return false;
}

std::vector<GuardSpec> settings_of(const std::vector<std::string>& names) {
  std::vector<GuardSpec> settings;
  for (const Contestant& peer : peers())
    if (names.empty() || std::find(names.begin(), names.end(), peer.name) != names.end())
      settings.insert(settings.end(), peer.settings.begin(), peer.settings.end());
  return settings;
}

// The worst seed only gets worse with more seeds, so what cannot win any more need not go on. Each
// setting runs one seed first, and the most promising goes on first.
void run_peers(const MatrixRow& row, const CompareOptions& options,
               std::vector<Comparison>& lines) {
  const std::vector<GuardSpec> settings = settings_of(options.peers);
  std::vector<Tries> tries;
  const auto report = [&](size_t done) {
    if (options.progress) options.progress(row.id, done, 2 * settings.size());
  };
  for (const GuardSpec& setting : settings) {
    report(tries.size());
    tries.emplace_back(row, setting).run(1, options.seeds);
  }
  std::vector<size_t> order(tries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto beaten_by = [&](size_t i) {  // how many others are better, over all figures
    int count = 0;
    for (size_t t = 0; t < row.targets.size(); ++t)
      for (const Tries& other : tries)
        count += better(row.targets[t], other.worst(t), tries[i].worst(t)) ? 1 : 0;
    return count;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return beaten_by(a) < beaten_by(b); });
  for (size_t i = 0; i < order.size(); ++i) {
    report(settings.size() + i);
    Tries& current = tries[order[i]];
    while (current.done() < options.seeds.count && can_win(current, lines))
      current.run(std::min(options.seeds.threads, options.seeds.count - current.done()),
                  options.seeds);
    if (current.done() == options.seeds.count) keep_best(current, lines);
  }
}

std::vector<Comparison> compare_row(const MatrixRow& row, const CompareOptions& options) {
  const Score own = score(row, guard_of_law(options.law), options.seeds);
  std::vector<Comparison> lines;
  for (size_t t = 0; t < row.targets.size(); ++t) {
    lines.push_back({.scenario = row.id,
                     .title = row.title,
                     .target = row.targets[t],
                     .ours_worst = own.worst[t],
                     .ours_mean = own.mean[t],
                     .yardsticks = {},
                     .best_peer_name = {},
                     .pass = met(row.targets[t], own.worst[t])});
  }
  if (!options.with_peers) return lines;
  for (const Contestant& yardstick : yardsticks(row.knee)) {
    const Score reached = score(row, yardstick.settings[0], options.seeds);
    for (size_t t = 0; t < lines.size(); ++t)
      lines[t].yardsticks.push_back({yardstick.name, reached.worst[t]});
  }
  run_peers(row, options, lines);
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

Score score(const MatrixRow& row, const GuardSpec& guard, const Seeds& seeds) {
  Tries tries(row, guard);
  tries.run(seeds.count, seeds);
  Score score;
  for (size_t t = 0; t < row.targets.size(); ++t) {
    score.worst.push_back(tries.worst(t));
    score.mean.push_back(tries.mean(t));
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
  if (header && !lines.empty()) {
    text += format("%-4s %-38s %-15s %11s %10s %10s", "id", "scenario", "figure", "target",
                   "ours worst", "ours mean");
    for (const Yardstick& yardstick : lines[0].yardsticks)
      text += format(" %12s", yardstick.name.c_str());
    text += format(" %10s\n", "best peer");
  }
  for (const Comparison& line : lines) {
    text += format("%-4s %-38s %-15s %3s %7.4g %10.4f %10.4f", line.scenario.c_str(),
                   line.title.c_str(), line.target.metric.c_str(), sign(line.target),
                   line.target.bound, line.ours_worst, line.ours_mean);
    for (const Yardstick& yardstick : line.yardsticks) text += format(" %12.4f", yardstick.worst);
    text += line.best_peer_name.empty()
                ? format(" %10s", "-")
                : format(" %10.4f  %s", line.best_peer, line.best_peer_name.c_str());
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
