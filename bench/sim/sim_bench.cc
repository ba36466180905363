// How many events a second the simulator makes of one core, from one service to a mesh of 10,000
// instances, by CPU time. An event is something that happened: time-outs that were cancelled do not
// count.
#include <time.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "sim/contestants.h"
#include "sim/world.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;

Instant at(double second) {
  return Instant{} + from_seconds(second);
}

ScenarioSpec one_service(double load, double seconds) {
  ScenarioSpec spec;
  spec.clients[0].rate = {{at(0), load * 64 / 0.020}};
  spec.measure_end = spec.end = at(seconds);
  spec.exact_latencies = false;
  return spec;
}

ScenarioSpec chain(double seconds) {
  ScenarioSpec spec = one_service(0.7, seconds);
  spec.services.resize(3);
  spec.services[0].time.mean = spec.services[1].time.mean = milliseconds(5);
  spec.routes[0].calls = {{1}, {2}, {}};
  return spec;
}

// 10,000 instances: a front calls a catalogue, which calls a store, and at the same time ads. The
// clients send 1 M requests a second, which is 4 M a second to all services; instances are used
// to 60 %.
ScenarioSpec mesh(double seconds) {
  ScenarioSpec spec;
  spec.services.resize(4);
  for (ServiceSpec& service : spec.services) {
    service.instances = 2500;
    service.workers = 16;
    service.time.mean = milliseconds(24);
  }
  spec.routes[0].calls = {{1, 3}, {2}, {}, {}};
  spec.clients[0].timeout = milliseconds(1000);
  spec.clients[0].rate = {{at(0), 1e6}};
  spec.measure_end = spec.end = at(seconds);
  spec.exact_latencies = false;
  return spec;
}

// CPU time, so that what else the machine does is not charged to the simulator.
double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Run {
  const char* title;
  ScenarioSpec spec;
  const char* law;
};

void measure(const Run& run) {
  const double seconds = to_seconds(run.spec.end - Instant{});
  const GuardSpec guard = run.law != nullptr ? guard_of_law(run.law) : GuardSpec{};
  World world(run.spec, guard, 1);
  const double begin = cpu_seconds();
  const RunResult result = world.run();
  const double took = cpu_seconds() - begin;
  const Tally& tally = result.clients[0].measured;
  std::printf("%-44s %8.2f M events/s  %7.1f M requests  %8.2f virtual s/s  good %5.1f %%\n",
              run.title, static_cast<double>(result.events) / took / 1e6,
              static_cast<double>(tally.attempts) / 1e6, seconds / took,
              100 * static_cast<double>(tally.good) / static_cast<double>(tally.offered));
  std::fflush(stdout);
}

void measure_all(double length) {
  const Run runs[] = {
      {"one service, 0.9x, without a guard", one_service(0.9, 300 * length), nullptr},
      {"one service, 0.9x, elastic", one_service(0.9, 300 * length), "elastic"},
      {"one service, 10x, elastic", one_service(10, 60 * length), "elastic"},
      {"chain of three, 0.7x, elastic at each", chain(150 * length), "elastic"},
      {"mesh of 10,000 instances, 1 M/s, no guard", mesh(1 * length), nullptr},
      {"mesh of 10,000 instances, 1 M/s, elastic", mesh(1 * length), "elastic"},
  };
  for (const Run& run : runs) measure(run);
}

}  // namespace
}  // namespace weir::sim

int main(int argc, char** argv) {
  weir::sim::measure_all(argc > 1 ? std::atof(argv[1]) : 1);
}
