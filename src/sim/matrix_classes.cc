// Rows P and X of the matrix: criticalities and deadlines.
#include <algorithm>

#include "sim/matrix.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;

constexpr double kCapacity = 64 / 0.020;

Instant at(double second) {
  return Instant{} + from_seconds(second);
}

double share(uint64_t part, uint64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 1;
}

double p99_of(std::vector<float>& latency, std::vector<float>& work) {
  const double bare = quantile(work, 0.99);
  return bare > 0 ? quantile(latency, 0.99) / bare : 0;
}

MatrixRow row_of(const char* id, const char* title) {
  MatrixRow row;
  row.id = id;
  row.title = title;
  row.scenario.name = title;
  row.scenario.measure_begin = at(10);
  row.scenario.measure_end = row.scenario.end = at(70);
  return row;
}

// Slices (of 590) from a second after the overload began in which somebody critical was refused
// while somebody sheddable was admitted.
double inversions(const RunResult& result) {
  const auto& critical = result.clients[0].slices;
  const auto& sheddable = result.clients[1].slices;
  double count = 0;
  for (size_t i = 110; i < std::min<size_t>(critical.size(), 700); ++i)
    count += critical[i].refused > 0 && sheddable[i].good > 0 ? 1 : 0;
  return count;
}

}  // namespace

// A quarter of 4× is the whole capacity, of which nobody can serve 99.9 % when it comes at random;
// the critical share is a fifth here, four fifths of the capacity.
MatrixRow priority_row() {
  MatrixRow row = row_of("P", "4x, a fifth of it critical");
  row.scenario.clients.resize(2);
  ClientSpec& critical = row.scenario.clients[0];
  ClientSpec& sheddable = row.scenario.clients[1];
  critical.rate = {{at(0), 0.14 * kCapacity}, {at(10), 0.8 * kCapacity}};
  critical.mix = {0, 1, 0, 0};
  sheddable.rate = {{at(0), 0.56 * kCapacity}, {at(10), 3.2 * kCapacity}};
  sheddable.mix = {0, 0, 0, 1};
  row.targets = {{"critical_good", Sense::kAtLeast, 0.999},
                 {"p99_ratio", Sense::kAtMost, 1.2},
                 {"inversions", Sense::kAtMost, 0},
                 {"goodput", Sense::kAtLeast, 0.98}};
  row.measure = [](const ScenarioSpec&, RunResult& result) {
    const Tally& important = result.clients[0].measured;
    const auto good = static_cast<double>(important.good + result.clients[1].measured.good);
    return std::vector<double>{share(important.good, important.offered),
                               p99_of(result.clients[0].latency, result.clients[0].work),
                               inversions(result), good / 60 / kCapacity};
  };
  return row;
}

// Half of the clients wait 30 ms for what takes 20 ms on average, half of them 250 ms.
MatrixRow deadline_row() {
  MatrixRow row = row_of("X", "3x, half with deadlines of 30 ms");
  row.scenario.clients.resize(2);
  for (ClientSpec& client : row.scenario.clients)
    client.rate = {{at(0), 0.35 * kCapacity}, {at(10), 1.5 * kCapacity}};
  row.scenario.clients[0].timeout = milliseconds(30);
  row.targets = {{"expired_started", Sense::kAtMost, 0.001}};
  row.measure = [](const ScenarioSpec&, RunResult& result) {
    return std::vector<double>{
        share(result.services[0].started_expired, result.services[0].started)};
  };
  return row;
}

}  // namespace weir::sim
