// Timer: intrusive timers on a hierarchical wheel. Arming and cancelling are O(1) and allocate
// nothing.
#pragma once

#include <array>
#include <cstdint>

#include "net/callback.h"
#include "weir/base/time.h"

namespace weir::net {

class TimerWheel;

/// A place in one of the wheel's circular lists.
struct TimerLink {
  TimerLink* prev = nullptr;
  TimerLink* next = nullptr;
};

/// One deadline that can be moved and called off. Lives inside its owner; the wheel must outlive
/// it. Moving an armed timer to a later instant, which connections do on every request, only stores
/// the instant: the wheel finds out when the old place comes up. Not thread-safe; belongs to one
/// loop.
class Timer : private TimerLink {
 public:
  Timer(TimerWheel& wheel, Callback callback) noexcept : wheel_(wheel), callback_(callback) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  /// Calls back once, never before `when` and at most one tick plus the loop's own delay after it.
  /// kInstantMax cancels.
  void arm(Instant when) noexcept;
  void cancel() noexcept;

  bool armed() const noexcept { return next != nullptr; }
  /// Meaningful while armed.
  Instant when() const noexcept { return when_; }

 private:
  friend class TimerWheel;
  void unlink() noexcept;

  TimerWheel& wheel_;
  Callback callback_;
  Instant when_{};
  uint64_t place_tick_ = 0;  // where the wheel looks next; not after when_
};

/// Five levels of 64 slots (Varghese and Lauck 1987, scheme 7), with a bitmap a level so that idle
/// time costs nothing. Tick 2^17 ns = 131 µs; reach 39 h, timers beyond it are looked at once in
/// that time. Sans-I/O: whoever owns the clock calls advance().
class TimerWheel {
 public:
  static constexpr int kTickBits = 17;

  explicit TimerWheel(Instant now) noexcept;
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  /// Runs what is due at `now`. Callbacks may arm, cancel and destroy any timer, their own
  /// included.
  void advance(Instant now);

  /// When advance() should be called next at the latest; may be early, never late. kInstantMax when
  /// nothing is armed.
  Instant next_wakeup() const noexcept;

 private:
  friend class Timer;
  static constexpr int kLevels = 5;
  static constexpr int kSlotBits = 6;
  static constexpr int kSlots = 1 << kSlotBits;

  struct Level {
    uint64_t occupied = 0;
    std::array<TimerLink, kSlots> slots;
  };

  void place(Timer& timer) noexcept;
  uint64_t next_tick() const noexcept;
  void open_slots();
  void run_list(TimerLink& due);

  std::array<Level, kLevels> levels_;
  uint64_t tick_;
};

}  // namespace weir::net
