#include "sim/matrix.h"

#include <algorithm>
#include <cmath>

namespace weir::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kMean = 0.020;  // seconds, of the base service

Instant at(double second) {
  return Instant{} + from_seconds(second);
}
double capacity(uint32_t workers) {
  return workers / kMean;
}

ScenarioSpec base(const char* name, uint32_t workers = 64) {
  ScenarioSpec spec;
  spec.name = name;
  spec.services[0].workers = workers;
  return spec;
}

MatrixRow row_of(const char* id, const char* title, ScenarioSpec scenario) {
  MatrixRow row;
  row.id = id;
  row.title = title;
  row.knee = scenario.services[0].workers;
  row.scenario = std::move(scenario);
  return row;
}

void measure_from_to(ScenarioSpec& spec, double begin, double end, double stop) {
  spec.measure_begin = at(begin);
  spec.measure_end = at(end);
  spec.end = at(stop);
}

// Figures over a run.

double ratio(double a, double b) {
  return b > 0 ? a / b : 0;
}
double share_refused(const Tally& tally) {
  return ratio(static_cast<double>(tally.refused), static_cast<double>(tally.attempts));
}
double goodput(const Tally& tally, double from, double to) {
  return static_cast<double>(tally.good) / (to - from);
}
double goodput(const RunResult& result, double from, double to) {
  return goodput(sum(result.clients[0].slices, at(from), at(to)), from, to);
}

// p99 of the admitted over the p99 of their bare work: 1 is a service without any queueing.
double p99_ratio(RunResult& result) {
  ClientResult& client = result.clients[0];
  return ratio(quantile(client.latency, 0.99), quantile(client.work, 0.99));
}

// Seconds from `begin` until goodput over one second reaches `share` of what is offered, at
// most 60.
double time_to(const RunResult& result, double begin, double share) {
  constexpr int kSlicesInSecond = 10;
  const auto& slices = result.clients[0].slices;
  const auto first = static_cast<size_t>(begin * kSlicesInSecond);
  for (size_t i = first; i + kSlicesInSecond < slices.size(); ++i) {
    const Tally tally = sum(slices, Instant{} + i * kSlice, Instant{} + (i + 10) * kSlice);
    if (static_cast<double>(tally.good) >= share * static_cast<double>(tally.offered))
      return static_cast<double>(i - first) / kSlicesInSecond;
  }
  return 60;
}

// The largest distance from the knee of the limit's 10 s averages, as a share of the knee.
double limit_error(const RunResult& result, double from, double to, double knee) {
  const auto& limits = result.services[0].limit_at_slice;
  double worst = 0;
  for (auto i = static_cast<size_t>(from * 10); i + 100 <= static_cast<size_t>(to * 10); i += 100) {
    double total = 0;
    for (size_t k = 0; k < 100; ++k) total += limits[i + k];
    worst = std::max(worst, std::abs(total / 100 - knee) / knee);
  }
  return worst;
}

// The largest distance of the limit's 1 s averages from their mean, as a share of it.
double limit_swing(const RunResult& result, double from, double to) {
  const auto& limits = result.services[0].limit_at_slice;
  std::vector<double> means;
  double total = 0;
  for (auto i = static_cast<size_t>(from * 10); i + 10 <= static_cast<size_t>(to * 10); i += 10) {
    double sum_of_second = 0;
    for (size_t k = 0; k < 10; ++k) sum_of_second += limits[i + k];
    means.push_back(sum_of_second / 10);
    total += means.back();
  }
  const double mean = total / static_cast<double>(means.size());
  double worst = 0;
  for (const double value : means) worst = std::max(worst, std::abs(value - mean) / mean);
  return worst;
}

MatrixRow steady() {
  MatrixRow row = row_of("A", "steady 0.7x", base("steady"));
  row.scenario.clients[0].rate = {{at(0), 0.7 * capacity(64)}};
  measure_from_to(row.scenario, 5, 60, 60);
  row.targets = {{"refused", Sense::kAtMost, 1e-4}, {"p99_ratio", Sense::kAtMost, 1.02}};
  row.measure = [](const ScenarioSpec&, RunResult& result) {
    return std::vector<double>{share_refused(result.clients[0].measured), p99_ratio(result)};
  };
  return row;
}

MatrixRow overload(const char* id, const char* title, uint32_t workers, double p99_max) {
  MatrixRow row = row_of(id, title, base(title, workers));
  const double c = capacity(workers);
  row.scenario.clients[0].rate = {{at(0), 0.7 * c}, {at(10), 10 * c}, {at(70), 0.7 * c}};
  measure_from_to(row.scenario, 10, 70, 76);
  row.targets = {{"goodput", Sense::kAtLeast, 0.98},
                 {"p99_ratio", Sense::kAtMost, p99_max},
                 {"refused_after", Sense::kAtMost, 0.01}};
  row.measure = [c](const ScenarioSpec&, RunResult& result) {
    return std::vector<double>{goodput(result, 10, 70) / c, p99_ratio(result),
                               share_refused(sum(result.clients[0].slices, at(71), at(76)))};
  };
  return row;
}

MatrixRow sustained() {
  MatrixRow row = row_of("C", "1.5x for 10 min", base("sustained"));
  const double c = capacity(64);
  row.scenario.clients[0].rate = {{at(0), 0.7 * c}, {at(10), 1.5 * c}};
  measure_from_to(row.scenario, 10, 610, 610);
  row.targets = {{"goodput", Sense::kAtLeast, 0.98},
                 {"p99_ratio", Sense::kAtMost, 1.15},
                 {"limit_error", Sense::kAtMost, 0.25}};
  row.measure = [c](const ScenarioSpec&, RunResult& result) {
    return std::vector<double>{goodput(result, 10, 610) / c, p99_ratio(result),
                               limit_error(result, 30, 610, 64)};
  };
  return row;
}

MatrixRow slower() {
  MatrixRow row = row_of("D", "service 3x slower for 60 s", base("slower"));
  const double c = capacity(64);
  row.scenario.clients[0].rate = {{at(0), 0.9 * c}};
  row.scenario.services[0].slowdowns = {{at(20), at(80), 1.0 / 3}};
  measure_from_to(row.scenario, 20, 80, 100);
  row.targets = {{"goodput", Sense::kAtLeast, 0.94}, {"recovery_s", Sense::kAtMost, 2}};
  row.measure = [c](const ScenarioSpec&, RunResult& result) {
    return std::vector<double>{goodput(result, 20, 80) / (c / 3), time_to(result, 80, 0.98)};
  };
  return row;
}

MatrixRow workers_lost() {
  MatrixRow row = row_of("D2", "2/3 of the workers die for 60 s", base("workers lost"));
  const double c = capacity(64);
  row.scenario.clients[0].rate = {{at(0), 0.9 * c}};
  row.scenario.services[0].workers_steps = {{at(20), 21}, {at(80), 64}};
  measure_from_to(row.scenario, 20, 80, 100);
  row.targets = {{"goodput", Sense::kAtLeast, 0.97}, {"recovery_s", Sense::kAtMost, 3}};
  row.measure = [](const ScenarioSpec&, RunResult& result) {
    return std::vector<double>{goodput(result, 20, 80) / capacity(21), time_to(result, 80, 0.98)};
  };
  return row;
}

MatrixRow mix_shift() {
  MatrixRow row = row_of("E", "bimodal mix shift at 0.5x", base("mix shift"));
  ServiceTime time{.kind = ServiceTime::Kind::kBimodal};
  row.scenario.services[0].time = time;
  // The slow share doubles; fast and slow requests cost what they did: 10.5 and 105 ms.
  time.slow_share = 0.2;
  time.mean = from_seconds(kMean * (1 + 0.2 * 9) / (1 + 0.1 * 9));
  row.scenario.services[0].time_steps = {{at(30), time}};
  row.scenario.clients[0].rate = {{at(0), 0.5 * capacity(64)}};
  measure_from_to(row.scenario, 5, 90, 90);
  row.targets = {{"refused", Sense::kAtMost, 1e-3}};
  row.measure = [](const ScenarioSpec&, RunResult& result) {
    return std::vector<double>{share_refused(result.clients[0].measured)};
  };
  return row;
}

MatrixRow burst() {
  MatrixRow row = row_of("F", "10 rps, then a burst of 40", base("burst"));
  row.scenario.clients[0].rate = {{at(0), 10}};
  row.scenario.clients[0].bursts = {{at(30), 40}, {at(45), 40}};
  measure_from_to(row.scenario, 0, 60, 60);
  row.targets = {{"refused", Sense::kAtMost, 0}};
  row.measure = [](const ScenarioSpec&, RunResult& result) {
    return std::vector<double>{static_cast<double>(result.clients[0].measured.refused)};
  };
  return row;
}

MatrixRow cold_start() {
  MatrixRow row = row_of("G", "cold start 0.9x, 512 workers", base("cold start", 512));
  row.scenario.clients[0].rate = {{at(0), 0.9 * capacity(512)}};
  measure_from_to(row.scenario, 0, 10, 12);
  row.targets = {{"refused", Sense::kAtMost, 0.01}, {"time_to_90_s", Sense::kAtMost, 2}};
  row.measure = [](const ScenarioSpec&, RunResult& result) {
    return std::vector<double>{share_refused(result.clients[0].measured), time_to(result, 0, 0.9)};
  };
  return row;
}

MatrixRow retry_storm() {
  MatrixRow row = row_of("H", "4x slower for 10 s, clients retry 3x", base("retry storm"));
  row.scenario.clients[0].rate = {{at(0), 0.7 * capacity(64)}};
  row.scenario.clients[0].retries = 3;
  row.scenario.services[0].slowdowns = {{at(20), at(30), 0.25}};
  measure_from_to(row.scenario, 5, 45, 45);
  row.targets = {{"good_after", Sense::kAtLeast, 0.99}, {"attempts", Sense::kAtMost, 1.15}};
  row.measure = [](const ScenarioSpec&, RunResult& result) {
    const Tally after = sum(result.clients[0].slices, at(35), at(45));
    const Tally& all = result.clients[0].measured;
    return std::vector<double>{
        ratio(static_cast<double>(after.good), static_cast<double>(after.offered)),
        ratio(static_cast<double>(all.attempts), static_cast<double>(all.offered))};
  };
  return row;
}

// Throughput falls beyond the knee. `peak` is what the service does at best, `law` how it gets
// less.
MatrixRow contention(const char* id, const char* title, double peak, double goodput_min,
                     const std::function<void(ServiceSpec&)>& law) {
  MatrixRow row = row_of(id, title, base(title));
  law(row.scenario.services[0]);
  row.scenario.clients[0].rate = {{at(0), 0.7 * peak}, {at(10), 2 * peak}};
  measure_from_to(row.scenario, 10, 70, 70);
  row.targets = {{"goodput", Sense::kAtLeast, goodput_min}, {"p99_ratio", Sense::kAtMost, 1.3}};
  row.measure = [peak](const ScenarioSpec&, RunResult& result) {
    return std::vector<double>{goodput(result, 10, 70) / peak, p99_ratio(result)};
  };
  return row;
}

// The universal scalability law: a smooth curve without a knee, as many workers as anybody wants,
// and at its top, with 64 inside, twice the latency of an empty service.
MatrixRow scalability() {
  constexpr double kTop = 64;
  const double peak = kTop / (kMean * (1 + (kTop - 1) / kTop));
  MatrixRow row =
      contention("KU", "contention by USL, top at 64, 2x", peak, 0.9, [](auto& service) {
        service.workers = 1000;
        service.scalability.coherency = 1 / (kTop * kTop);
      });
  row.scenario.clients[0].timeout = seconds(1);
  row.targets[1].bound = 3.5;
  return row;
}

MatrixRow quota(const char* id, const char* title, double load) {
  MatrixRow row = row_of(id, title, base(title));
  const double c = capacity(64) / 2;
  row.scenario.services[0].quota = {milliseconds(100), 0.5};
  row.scenario.clients[0].rate = {{at(0), 0.7 * c}, {at(10), load * c}};
  measure_from_to(row.scenario, 10, 70, 70);
  const bool healthy = load < 1;
  row.targets = healthy ? std::vector<Target>{{"refused", Sense::kAtMost, 0.005}}
                        : std::vector<Target>{{"goodput", Sense::kAtLeast, 0.95}};
  row.measure = [c, healthy](const ScenarioSpec&, RunResult& result) {
    return std::vector<double>{healthy ? share_refused(result.clients[0].measured)
                                       : goodput(result, 10, 70) / c};
  };
  return row;
}

MatrixRow step() {
  MatrixRow row = row_of("S", "step to 1.4x", base("step"));
  const double c = capacity(64);
  row.scenario.clients[0].rate = {{at(0), 0.7 * c}, {at(10), 1.4 * c}};
  measure_from_to(row.scenario, 10, 40, 40);
  // 20 round trips of 20 ms and 600 samples at 3200/s: 0.59 s after the step all is settled.
  row.targets = {{"goodput_settled", Sense::kAtLeast, 0.97},
                 {"limit_swing", Sense::kAtMost, 0.5},
                 {"p99_ratio", Sense::kAtMost, 1.2}};
  row.measure = [c](const ScenarioSpec&, RunResult& result) {
    return std::vector<double>{goodput(result, 10.6, 40) / c, limit_swing(result, 10.6, 39.6),
                               p99_ratio(result)};
  };
  return row;
}

// The live tests of the proxy (bench/live) in virtual time: 8 workers, and clients that wait a
// second. In ten seconds of overload the search for the knee weighs as much as what follows.
MatrixRow live_overload() {
  MatrixRow row = row_of("LB", "8 workers, 10x for 10 s", base("live overload", 8));
  const double c = capacity(8);
  row.scenario.clients[0].rate = {
      {at(0), 0.2 * c}, {at(4), 0.7 * c}, {at(10), 10 * c}, {at(20), 0.7 * c}};
  row.scenario.clients[0].timeout = seconds(1);
  measure_from_to(row.scenario, 10, 20, 25);
  row.targets = {{"goodput", Sense::kAtLeast, 0.92}, {"p99_ratio", Sense::kAtMost, 2.0}};
  row.measure = [c](const ScenarioSpec&, RunResult& result) {
    return std::vector<double>{goodput(result, 10, 20) / c, p99_ratio(result)};
  };
  return row;
}

MatrixRow live_slower() {
  MatrixRow row = row_of("L3", "8 workers 3x slower for 10 s", base("live slower", 8));
  const double c = capacity(8);
  row.scenario.clients[0].rate = {{at(0), 0.9 * c}};
  row.scenario.clients[0].timeout = seconds(1);
  row.scenario.services[0].slowdowns = {{at(20), at(30), 1.0 / 3}};
  measure_from_to(row.scenario, 20, 30, 45);
  row.targets = {{"goodput", Sense::kAtLeast, 0.92}, {"recovery_s", Sense::kAtMost, 2}};
  row.measure = [c](const ScenarioSpec&, RunResult& result) {
    return std::vector<double>{goodput(result, 20, 30) / (c / 3), time_to(result, 30, 0.97)};
  };
  return row;
}

MatrixRow live_steady() {
  MatrixRow row = row_of("L7", "8 workers, steady 0.7x", base("live steady", 8));
  row.scenario.clients[0].rate = {{at(0), 0.7 * capacity(8)}};
  row.scenario.clients[0].timeout = seconds(1);
  measure_from_to(row.scenario, 0, 120, 120);
  row.targets = {{"refused", Sense::kAtMost, 1e-4}};
  row.measure = [](const ScenarioSpec&, RunResult& result) {
    return std::vector<double>{share_refused(result.clients[0].measured)};
  };
  return row;
}

}  // namespace

std::vector<MatrixRow> scenario_matrix() {
  MatrixRow small_overload = overload("L10", "8 workers, 10x for 60 s", 8, 2.0);
  small_overload.scenario.clients[0].timeout = seconds(1);
  small_overload.targets[0].bound = 0.95;
  return {steady(),
          overload("B", "10x open-loop, 60 s", 64, 1.15),
          sustained(),
          slower(),
          workers_lost(),
          mix_shift(),
          burst(),
          cold_start(),
          retry_storm(),
          contention("K", "contention collapse at 2x", capacity(64), 0.95,
                     [](auto& service) { service.contention = 0.5; }),
          contention("K3", "contention six times as steep, 2x", capacity(64), 0.9,
                     [](auto& service) { service.contention = 3; }),
          contention("KT", "thrashing beyond 1.5 K, 2x", capacity(64), 0.95,
                     [](auto& service) { service.thrashing = {.above = 1.5, .factor = 2}; }),
          scalability(),
          quota("Q7", "CPU quota 50 %, 0.7x", 0.7),
          quota("Q2", "CPU quota 50 %, 2x", 2),
          step(),
          small_overload,
          live_overload(),
          live_slower(),
          live_steady(),
          slow_leaf_row(),
          metastability_row(),
          priority_row(),
          deadline_row()};
}

}  // namespace weir::sim
