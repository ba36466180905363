#include "sim/report.h"

#include <algorithm>
#include <limits>

#include "sim/format.h"
#include "sim/world.h"

namespace weir::sim {
namespace {

constexpr double kRecovered = 0.99;
constexpr int kSlicesInSecond = 10;

double seconds_of(Instant at) {
  return to_seconds(at - Instant{});
}

double share(uint64_t part, uint64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

// From `begin` until a second in which `kRecovered` of what was offered had good answers.
double time_to_recover(const ClientResult& client, Instant begin, Instant end) {
  const auto count = static_cast<size_t>((end - Instant{}) / kSlice);
  const auto first = static_cast<size_t>((begin - Instant{}) / kSlice);
  for (size_t i = first; i + kSlicesInSecond <= count; ++i) {
    const Tally tally =
        sum(client.slices, Instant{} + i * kSlice, Instant{} + (i + kSlicesInSecond) * kSlice);
    if (static_cast<double>(tally.good) >= kRecovered * static_cast<double>(tally.offered))
      return static_cast<double>(i - first) / kSlicesInSecond;
  }
  return std::numeric_limits<double>::infinity();
}

Instant last_fault_end(const ScenarioSpec& spec) {
  Instant last{};
  for (const ServiceSpec& service : spec.services) {
    for (const Slowdown& slow : service.slowdowns) last = std::max(last, slow.end);
    for (const FailureSpan& failure : service.failures) last = std::max(last, failure.end);
    for (const WorkersStep& step : service.workers_steps) last = std::max(last, step.at);
    for (const auto& step : service.time_steps) last = std::max(last, step.at);
  }
  return last;
}

class Judge {
 public:
  explicit Judge(Report& report) : report_(report) {}

  void judge(const Expectation& expect) {
    client_ = &report_.result.clients[expect.client];
    stretch_ = " from " + format_time(seconds_of(expect.from)) + " to " +
               format_time(seconds_of(expect.to));
    const Tally tally = sum(client_->slices, expect.from, expect.to);
    const double good = share(tally.good, tally.offered);
    const double refused = share(tally.refused, tally.attempts);
    const double attempts = share(tally.attempts, tally.offered);
    if (expect.good_min > 0)
      add("good at least " + format_percent(expect.good_min) + stretch_, format_percent(good),
          good >= expect.good_min);
    if (expect.refused_max < 1)
      add("refused at most " + format_percent(expect.refused_max) + stretch_,
          format_percent(refused), refused <= expect.refused_max);
    if (expect.attempts_max > 0)
      add("attempts a request at most " + format_number(expect.attempts_max) + stretch_,
          format_number(attempts), attempts <= expect.attempts_max);
    judge_times(expect);
  }

  void judge_end() {
    const RunResult& result = report_.result;
    client_ = nullptr;
    add("every request ends",
        result.left_over == 0 ? "the last " + format_time(to_seconds(result.drained_in)) +
                                    " after the clients stopped"
                              : std::to_string(result.left_over) + " are still under way",
        result.left_over == 0);
  }

 private:
  void judge_times(const Expectation& expect) {
    if (expect.p99_max > Duration{}) {
      const Duration p99 = client_->seen.quantile(0.99);
      add("p99 at most " + format_time(to_seconds(expect.p99_max)), format_time(to_seconds(p99)),
          p99 <= expect.p99_max);
    }
    if (expect.recovery_max > Duration{}) {
      const double recovery = time_to_recover(*client_, expect.from, expect.to);
      add("recovers within " + format_time(to_seconds(expect.recovery_max)) + " of " +
              format_time(seconds_of(expect.from)),
          format_recovery(recovery), recovery <= to_seconds(expect.recovery_max));
    }
  }

  void add(const std::string& claim, const std::string& found, bool pass) {
    report_.verdicts.push_back(
        {client_ == nullptr ? claim : client_->name + ": " + claim, found, pass});
  }

  Report& report_;
  const ClientResult* client_ = nullptr;
  std::string stretch_;
};

}  // namespace

bool Report::pass() const noexcept {
  return std::all_of(verdicts.begin(), verdicts.end(), [](const Verdict& v) { return v.pass; });
}

std::optional<double> recovery_seconds(const Report& report, const ClientResult& client) {
  const Instant calm = last_fault_end(report.scenario.spec);
  const Instant end = report.scenario.spec.end;
  if (calm == Instant{} || calm >= end) return std::nullopt;
  return time_to_recover(client, calm, end);
}

Report simulate(Scenario scenario) {
  Report report;
  report.scenario = std::move(scenario);
  const ScenarioSpec& spec = report.scenario.spec;
  report.decisions.resize(spec.services.size());
  World world(spec, report.scenario.guard, report.scenario.seed);
  world.on_decision = [&](uint32_t service, const LimitChange& change) {
    Decisions& decisions = report.decisions[service];
    ++decisions.by_cause[static_cast<size_t>(change.cause)];
    const bool kept = change.changed() && spec.services[service].instances == 1 &&
                      decisions.moves.size() < Decisions::kMovesMax;
    if (kept) decisions.moves.push_back(change);
  };
  report.result = world.run();
  Judge judge(report);
  for (const Expectation& expect : report.scenario.expectations) judge.judge(expect);
  judge.judge_end();
  return report;
}

}  // namespace weir::sim
