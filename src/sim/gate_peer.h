// GatePeer: published schemes that decide who may pass at the door instead of by a law, as policies
// of the simulator: DAGOR, Breakwater, Cinnamon.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "weir/policy/limiter.h"
#include "weir/policy/policy.h"
#include "weir/policy/priority_gate.h"

namespace weir::sim {

/// Fed by the World with what such schemes measure inside the service they are built into. One
/// thread only; windows close lazily, with the next call after their end.
class GatePeer : public Policy {
 public:
  /// A worker took up a request that has waited for so long inside the service.
  virtual void observe_wait(Duration wait, Instant now) noexcept = 0;
};

struct DagorOptions {
  Duration window = std::chrono::seconds(1);
  uint64_t requests_max = 2000;  ///< a window ends with this many arrivals, too
  Duration wait_max = std::chrono::milliseconds(20);
  double decrease = 0.05;
  double increase = 0.01;
};

/// DAGOR (Zhou et al., SoCC 2018): overloaded when the mean wait of a window inside the service is
/// above 20 ms. By the histogram of the window's arrivals over the levels (business priority, then
/// user) the admission level moves down until a twentieth less would have been admitted, or up
/// until a hundredth of all arrivals more. What it sends upstream to be refused there is left out:
/// in the simulator a refusal costs nothing.
class Dagor final : public GatePeer {
 public:
  explicit Dagor(DagorOptions options = {}) noexcept : options_(options) {}

  std::string_view name() const noexcept override { return "dagor"; }
  Expected<Ticket, Rejection> admit(const RequestContext& context, Instant now) noexcept override;
  void complete(Ticket, const Completion&) noexcept override {}
  void observe_wait(Duration wait, Instant now) noexcept override;

  /// Requests at this level (see shed_level) and above are refused.
  uint32_t level() const noexcept { return level_; }

 private:
  void close_window(Instant now) noexcept;

  DagorOptions options_;
  uint32_t level_ = kShedLevelCount;
  Instant begin_{};
  std::array<uint64_t, kShedLevelCount> arrivals_{};
  uint64_t arrivals_total_ = 0;
  uint64_t admitted_ = 0;
  Duration wait_{};  // of all that started
  int64_t started_ = 0;
};

struct BreakwaterOptions {
  double clients = 1000;
  Duration round_trip = std::chrono::milliseconds(20);  ///< between two updates
  Duration target = std::chrono::milliseconds(160);     ///< of the wait inside the service
  double increase = 0.001;                              ///< credits per client
  double decrease = 0.02;
};

/// Breakwater (Cho et al., OSDI 2020): each round trip the pool of credits grows by 0.001 a client
/// (at least 1) while the wait inside the service is below its target d_t, else shrinks by
/// max(0.5, 1 − 0.02·(d − d_t)/d_t); arrivals are dropped while the wait is above 2·d_t. The
/// paper's services take 10 µs, its target is 80 µs and its round trip 10 µs: the defaults here are
/// those, scaled to services of 20 ms. A request in flight holds a credit; without one it is
/// refused as at a limit, so an admission queue can stand for the clients' own.
class Breakwater final : public GatePeer {
 public:
  explicit Breakwater(BreakwaterOptions options = {}) noexcept
      : options_(options), credits_(options.clients * 0.1) {}

  std::string_view name() const noexcept override { return "breakwater"; }
  Expected<Ticket, Rejection> admit(const RequestContext& context, Instant now) noexcept override;
  void complete(Ticket, const Completion&) noexcept override { inflight_ -= 1; }
  void observe_wait(Duration wait, Instant now) noexcept override;

  double credits() const noexcept { return credits_; }

 private:
  void update(Instant now) noexcept;

  BreakwaterOptions options_;
  double credits_;
  double inflight_ = 0;
  double wait_s_ = 0;  // the last one seen
  Instant begin_{};
};

struct CinnamonOptions {
  Duration window = std::chrono::milliseconds(100);
  double proportional = 0.1;
  double integral = 1.4;  ///< per second
};

/// Cinnamon (Uber, 2023), its rejector: per window e = (in − out − free)/out, with what was let in,
/// what ended, and the free places of the limiter behind it; the share to refuse is
/// 0.1·e + 1.4·∫e dt within [0, 0.99], and becomes a level through the distribution of the last
/// 1000 arrivals over the levels (4 × 128 here, 6 × 128 there). Its own auto-tuner is close to
/// failsafe-go's law, which serves as the limiter.
class Cinnamon final : public GatePeer {
 public:
  explicit Cinnamon(std::shared_ptr<const Limiter> limiter, CinnamonOptions options = {})
      : options_(options), limiter_(std::move(limiter)) {
    last_.reserve(kRemembered);
  }

  std::string_view name() const noexcept override { return "cinnamon"; }
  Expected<Ticket, Rejection> admit(const RequestContext& context, Instant now) noexcept override;
  void complete(Ticket, const Completion& completion) noexcept override;
  void observe_wait(Duration, Instant) noexcept override {}

  double ratio() const noexcept { return ratio_; }
  uint32_t level() const noexcept { return level_; }

 private:
  static constexpr size_t kRemembered = 1000;

  void remember(uint32_t level) noexcept;
  void update(Instant now) noexcept;

  CinnamonOptions options_;
  std::shared_ptr<const Limiter> limiter_;
  uint32_t level_ = kShedLevelCount;
  double ratio_ = 0;
  double integral_ = 0;
  Instant begin_{};
  double in_ = 0;
  double out_ = 0;
  std::array<uint32_t, kShedLevelCount> counts_{};
  std::vector<uint32_t> last_;  // a ring of at most kRemembered
  size_t next_ = 0;
};

}  // namespace weir::sim
