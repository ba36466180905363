// Rows T and M of the matrix: a slow leaf of a topology, and the sweep for metastability.
#include <algorithm>
#include <cmath>

#include "sim/matrix.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Instant at(double second) {
  return Instant{} + from_seconds(second);
}

double share(uint64_t part, uint64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 1;
}

// An edge calls a hub, the hub calls leaves: three in a chain, and five side by side.
constexpr uint32_t kEdge = 0;
constexpr uint32_t kHub = 1;
constexpr uint32_t kFirstLeaf = 2;
constexpr uint32_t kLeaves = 5;
constexpr uint32_t kSlowLeaf = kFirstLeaf + kLeaves - 1;
constexpr double kLeafCapacity = 64 / 0.020;
constexpr double kSlowFactor = 10;
constexpr double kSlowFor = 60;  // seconds, as in rows B and D

RouteSpec route_to(const std::vector<uint32_t>& leaves) {
  RouteSpec route;
  route.entry = kEdge;
  route.calls.resize(kFirstLeaf + kLeaves);
  route.calls[kEdge] = {kHub};
  route.calls[kHub] = leaves;
  return route;
}

void add_client(ScenarioSpec& spec, const std::vector<uint32_t>& leaves, double rate) {
  ClientSpec client;
  client.route = static_cast<uint32_t>(spec.routes.size());
  client.rate = {{at(0), rate}};
  client.timeout = seconds(2);  // ten times what the slow leaf takes
  spec.routes.push_back(route_to(leaves));
  spec.clients.push_back(client);
}

// Two clients need the slow leaf, together 1.9 times what it can do; they are the first of the
// list. The others are most of the traffic. Where they are the lesser part, one law alone before
// each service does not keep them apart: docs/explanation/slow-leaf.md.
ScenarioSpec slow_leaf(double from, double healthy_rate) {
  ScenarioSpec spec;
  spec.name = "slow leaf";
  spec.services.resize(kFirstLeaf + kLeaves);
  spec.services[kEdge].time.mean = milliseconds(5);
  spec.services[kHub].time.mean = milliseconds(5);
  spec.services[kSlowLeaf].slowdowns = {{at(from), at(from + kSlowFor), 1 / kSlowFactor}};
  spec.routes.clear();
  spec.clients.clear();
  std::vector<uint32_t> all;
  for (uint32_t i = 0; i < kLeaves; ++i) all.push_back(kFirstLeaf + i);
  add_client(spec, {kSlowLeaf}, 300);
  add_client(spec, all, 300);
  for (uint32_t i = 0; i + 1 < kLeaves; ++i) add_client(spec, {kFirstLeaf + i}, healthy_rate);
  spec.measure_begin = at(from);
  spec.measure_end = spec.end = at(from + kSlowFor);
  return spec;
}

// Whether a second, from `begin` on, has 99 % good answers, and when.
double recovery_seconds(const RunResult& result, Instant begin, Instant end) {
  const auto& slices = result.clients[0].slices;
  for (Instant from = begin; from + seconds(1) <= end; from += kSlice) {
    const Tally tally = sum(slices, from, from + seconds(1));
    if (static_cast<double>(tally.good) >= 0.99 * static_cast<double>(tally.offered))
      return to_seconds(from - begin);
  }
  return to_seconds(end - begin);
}

constexpr double kTriggerAt = 10;
constexpr double kWatched = 15;  // seconds after the trigger

// The service is `factor` times slower for `length` seconds, and clients try three times more.
ScenarioSpec metastability_cell(double load, double factor, double length) {
  ScenarioSpec spec;
  spec.name = "metastability";
  spec.services[0].slowdowns = {{at(kTriggerAt), at(kTriggerAt + length), 1 / factor}};
  spec.clients[0].rate = {{at(0), load * 64 / 0.020}};
  spec.clients[0].retries = 3;
  spec.measure_begin = at(kTriggerAt + length);
  spec.measure_end = spec.end = at(kTriggerAt + length + kWatched);
  return spec;
}

}  // namespace

MatrixRow slow_leaf_row() {
  MatrixRow row{"T", "chain of 3, fan-out of 5, a leaf slow", slow_leaf(20, 400), {}, {}, {}};
  row.targets = {{"good_without_leaf", Sense::kAtLeast, 0.99},
                 {"goodput_with_leaf", Sense::kAtLeast, 0.95}};
  row.measure = [](const ScenarioSpec& spec, RunResult& result) {
    double healthy = 1;
    for (size_t i = 2; i < result.clients.size(); ++i) {
      const Tally& tally = result.clients[i].measured;
      healthy = std::min(healthy, share(tally.good, tally.offered));
    }
    const double good =
        static_cast<double>(result.clients[0].measured.good + result.clients[1].measured.good);
    const double length = to_seconds(spec.measure_end - spec.measure_begin);
    return std::vector<double>{healthy, good / length / (kLeafCapacity / kSlowFactor)};
  };
  return row;
}

MatrixRow metastability_row() {
  MatrixRow row{"M", "load .5-.95, 2-10x slow for 1-30 s", {}, {}, {}, {}};
  for (const double load : {0.5, 0.65, 0.8, 0.95})
    for (const double factor : {2.0, 4.0, 10.0})
      for (const double length : {1.0, 5.0, 30.0})
        row.further.push_back(metastability_cell(load, factor, length));
  row.scenario = row.further.back();
  row.further.pop_back();
  row.targets = {{"recovery_s", Sense::kAtMost, 10}, {"good_after", Sense::kAtLeast, 0.99}};
  row.measure = [](const ScenarioSpec& spec, RunResult& result) {
    const Tally after = sum(result.clients[0].slices, spec.end - seconds(5), spec.end);
    return std::vector<double>{recovery_seconds(result, spec.measure_begin, spec.end),
                               share(after.good, after.offered)};
  };
  return row;
}

}  // namespace weir::sim
