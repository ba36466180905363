// `weir lab load`: open-loop load from many impatient clients.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "lab/arrival_plan.h"
#include "lab/http_client.h"
#include "lab/load_stats.h"

namespace weir::lab {

/// How the clients behave.
struct ClientHabits {
  Duration timeout = std::chrono::seconds(1);  ///< patience for one attempt
  int retries = 0;                             ///< further attempts after anything but success
  bool obeys_retry_after = false;              ///< waits as told; else retries at once
};

/// A run in progress: sends each call at its intended time whatever has become of the earlier ones.
/// The first attempt's patience counts from its intended time. Ends by itself: the plan has an end,
/// and each call ends at the latest after (retries + 1) time-outs and the waits it was told.
/// Belongs to one loop, which must outlive it.
class Load {
 public:
  static constexpr int kRetriesMax = 10;
  /// Longest Retry-After that is obeyed: nobody waits longer in front of a screen.
  static constexpr Duration kRetryAfterMax = std::chrono::seconds(10);

  /// `request` is a whole message. `done` runs once, through the loop.
  Load(net::EventLoop& loop, HttpClient& client, std::string request, ArrivalPlan plan,
       ClientHabits habits, Duration bucket, std::function<void()> done);

  ~Load();

  void start();

  const LoadStats& stats() const { return stats_; }
  Duration elapsed() const { return loop_.now() - started_; }
  Duration length() const { return plan_.length(); }
  uint64_t outstanding() const { return outstanding_; }
  /// How late the generator itself was, at worst: beyond a few milliseconds the machine is the
  /// limit.
  Duration lag_max() const { return lag_max_; }
  uint64_t exhausted() const { return client_.exhausted(); }

 private:
  struct Visit;

  void on_timer();
  void attempt(const std::shared_ptr<Visit>& visit, Instant deadline);
  void on_reply(const std::shared_ptr<Visit>& visit, const Reply& reply);
  void resume(Visit& visit);
  void end(const Visit& visit, CallEnd how, int status);
  void finish_if_over();

  net::EventLoop& loop_;
  HttpClient& client_;
  std::string request_;
  ArrivalPlan plan_;
  ClientHabits habits_;
  std::function<void()> done_;
  LoadStats stats_;
  Instant started_{};
  std::optional<Duration> next_;
  net::Timer timer_;
  std::unordered_map<Visit*, std::shared_ptr<Visit>> paused_;
  uint64_t outstanding_ = 0;
  Duration lag_max_{};
};

}  // namespace weir::lab
