// Callers that know nothing of each other share a service by its credits.
#include <gtest/gtest.h>

#include <queue>

#include "support/engine.h"
#include "weir/base/rng.h"
#include "weir/policy/credit_window.h"

namespace weir::test {
namespace {

// A service of `workers` places with a queue of `room`, that tells its free places; callers that
// offer `load` times its capacity between them, through a window each.
struct Shop {
  struct Job {
    Instant end;
    size_t caller;
    Ticket ticket;
    Instant begin;
    bool operator<(const Job& other) const { return end > other.end; }
  };
  struct Result {
    double goodput;  // of the capacity
    double refused;  // by the service, of all that was offered
    std::vector<double> shares;
  };

  // For `seconds` after five that are not counted.
  Result run(uint64_t seed, size_t callers, uint32_t workers, double load, bool windows,
             double seconds = 25) {
    Rng rng(seed);
    std::vector<std::unique_ptr<CreditWindow>> window;
    for (size_t i = 0; i < callers; ++i)
      window.push_back(std::make_unique<CreditWindow>(CreditWindow::Options{}));
    std::priority_queue<Job> running;
    std::queue<Job> waiting;
    const double service = 0.02;
    const double capacity = workers / service;
    const uint32_t room = std::max(1U, workers / 4);
    uint64_t offered = 0, refused = 0;
    std::vector<double> done(callers);
    Instant now = at(0s);
    const auto credits = [&] {
      const size_t used = running.size() + waiting.size();
      return used >= workers + room / 2 ? 0U : static_cast<uint32_t>(workers + room - used);
    };
    const auto start = [&](Job job, Instant when) {
      job.end = when + from_seconds(rng.exponential(service));
      running.push(job);
    };
    while (now < at(5s) + from_seconds(seconds)) {
      now += from_seconds(rng.exponential(1 / (load * capacity)));
      while (!running.empty() && running.top().end <= now) {
        const Job job = running.top();
        running.pop();
        if (!waiting.empty()) {
          start(waiting.front(), job.end);
          waiting.pop();
        }
        if (now > at(5s)) ++done[job.caller];
        window[job.caller]->report(credits(), job.end);
        window[job.caller]->complete(job.ticket, {Outcome::kSuccess, 0, job.begin, job.end});
      }
      const size_t caller = rng.below(callers);
      const bool counted = now > at(5s);
      offered += counted;
      Ticket ticket;
      if (windows) {
        const auto admitted = window[caller]->admit({}, now);
        if (!admitted) continue;
        ticket = *admitted;
      }
      const Job job{now, caller, ticket, now};
      if (running.size() < workers) {
        start(job, now);
      } else if (waiting.size() < room) {
        waiting.push(job);
      } else {
        refused += counted;
        window[caller]->report(0, now);
        window[caller]->complete(ticket, {Outcome::kDropped, 0, now, now});
      }
    }
    Result result{0, static_cast<double>(refused) / static_cast<double>(offered), {}};
    for (const double count : done) {
      result.goodput += count / (seconds * capacity);
      result.shares.push_back(count / (seconds * capacity));
    }
    return result;
  }
};

TEST(CreditWindowProperty, AnOverloadedServiceHasNextToNothingToRefuse) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    const auto with = Shop().run(seed, 3, 32, 10, true);
    const auto without = Shop().run(seed, 3, 32, 10, false);
    EXPECT_GT(without.refused, 0.85);
    EXPECT_LT(with.refused, 0.1 * without.refused);
    EXPECT_GT(with.goodput, 0.93);
  }
}

// Over two minutes; within half a minute one may have had half of its share.
TEST(CreditWindowProperty, CallersShareEquallyInTheLongRun) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    const auto result = Shop().run(seed, 4, 64, 5, true, 120);
    for (const double share : result.shares) EXPECT_NEAR(share, result.goodput / 4, 0.08);
  }
}

TEST(CreditWindowProperty, BelowCapacityItIsNotInTheWay) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    const auto result = Shop().run(seed, 3, 64, 0.6, true);
    EXPECT_GT(result.goodput, 0.59);
  }
}

TEST(CreditWindow, NeverMoreInFlightThanTheWindow) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    CreditWindow window({});
    std::vector<Ticket> held;
    Instant now = at(0s);
    for (int i = 0; i < 5000; ++i) {
      now += from_seconds(rng.exponential(0.001));
      const uint64_t dice = rng.below(4);
      if (dice == 0) window.report(rng.below(2) == 0 ? 0 : 5, now);
      if (dice == 1 && !held.empty()) {
        window.complete(held.back(), {});
        held.pop_back();
      }
      if (dice < 2) continue;
      const auto ticket = window.admit({}, now);
      if (ticket) {
        held.push_back(*ticket);
        ASSERT_LE(held.size(), window.window(now));
      }
      ASSERT_EQ(window.inflight(), held.size());
    }
  }
}

TEST(CreditWindow, ASilentServiceIsNotBounded) {
  CreditWindow window({});
  EXPECT_TRUE(window.admit({}, at(1s)).has_value());
  window.report(0, at(1s));
  const auto refused = window.admit({}, at(1s));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::kNoCredit);
  EXPECT_EQ(refused.error().value, 1U);
  EXPECT_EQ(refused.error().bound, 1U);
  EXPECT_TRUE(window.admit({}, at(4s)).has_value());
}

}  // namespace
}  // namespace weir::test
