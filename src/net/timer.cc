#include "net/timer.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "weir/base/assert.h"

namespace weir::net {
namespace {

constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

uint64_t floor_tick(Instant when) noexcept {
  const int64_t nanos = std::max<int64_t>(when.time_since_epoch().count(), 0);
  return static_cast<uint64_t>(nanos) >> TimerWheel::kTickBits;
}

// Rounded up, so that no timer fires early.
uint64_t ceil_tick(Instant when) noexcept {
  const int64_t nanos = std::max<int64_t>(when.time_since_epoch().count(), 0);
  constexpr uint64_t kMask = (uint64_t{1} << TimerWheel::kTickBits) - 1;
  return (static_cast<uint64_t>(nanos) + kMask) >> TimerWheel::kTickBits;
}

}  // namespace

void Timer::arm(Instant when) noexcept {
  if (when == kInstantMax) return cancel();
  when_ = when;
  if (armed()) {
    if (ceil_tick(when) >= place_tick_) return;
    unlink();
  }
  wheel_.place(*this);
}

void Timer::cancel() noexcept {
  if (armed()) unlink();
}

// The slot's bit may stay set over an empty list; the wheel clears it when it gets there.
void Timer::unlink() noexcept {
  prev->next = next;
  next->prev = prev;
  prev = next = nullptr;
}

TimerWheel::TimerWheel(Instant now) noexcept : tick_(floor_tick(now)) {
  for (Level& level : levels_)
    for (TimerLink& head : level.slots) head = {&head, &head};
}

void TimerWheel::place(Timer& timer) noexcept {
  const uint64_t due = std::max(ceil_tick(timer.when_), tick_ + 1);
  const uint64_t distance = due - tick_;
  int level = (63 - std::countl_zero(distance)) / kSlotBits;
  uint64_t tick = due;
  if (level >= kLevels) {  // beyond the reach: as far away as there is
    level = kLevels - 1;
    tick = tick_ + (uint64_t{1} << (kLevels * kSlotBits)) - 1;
  }
  const uint64_t slot_tick = tick >> (level * kSlotBits);
  const size_t slot = slot_tick & (kSlots - 1);
  timer.place_tick_ = slot_tick << (level * kSlotBits);
  Level& home = levels_[static_cast<size_t>(level)];
  home.occupied |= uint64_t{1} << slot;
  TimerLink& head = home.slots[slot];
  timer.prev = head.prev;
  timer.next = &head;
  head.prev->next = &timer;
  head.prev = &timer;
}

uint64_t TimerWheel::next_tick() const noexcept {
  uint64_t next = kNever;
  for (int i = 0; i < kLevels; ++i) {
    const uint64_t occupied = levels_[static_cast<size_t>(i)].occupied;
    if (occupied == 0) continue;
    const uint64_t here = tick_ >> (i * kSlotBits);
    const int turn = static_cast<int>((here + 1) & (kSlots - 1));
    const auto ahead = static_cast<uint64_t>(std::countr_zero(std::rotr(occupied, turn)));
    next = std::min(next, (here + 1 + ahead) << (i * kSlotBits));
  }
  return next;
}

Instant TimerWheel::next_wakeup() const noexcept {
  const uint64_t next = next_tick();
  return next == kNever ? kInstantMax : Instant(Duration(static_cast<int64_t>(next << kTickBits)));
}

void TimerWheel::advance(Instant now) {
  const uint64_t target = floor_tick(now);
  while (tick_ < target) {
    const uint64_t next = next_tick();
    if (next > target) {
      tick_ = target;
      return;
    }
    tick_ = next;
    open_slots();
  }
}

// Takes every slot that begins at tick_: timers that are due run, the others move to a finer level.
void TimerWheel::open_slots() {
  for (int i = kLevels - 1; i >= 0; --i) {
    const int shift = i * kSlotBits;
    if ((tick_ & ((uint64_t{1} << shift) - 1)) != 0) continue;
    Level& level = levels_[static_cast<size_t>(i)];
    const size_t slot = (tick_ >> shift) & (kSlots - 1);
    if ((level.occupied & (uint64_t{1} << slot)) == 0) continue;
    level.occupied &= ~(uint64_t{1} << slot);
    TimerLink& head = level.slots[slot];
    if (head.next == &head) continue;
    TimerLink due{head.prev, head.next};
    due.prev->next = &due;
    due.next->prev = &due;
    head = {&head, &head};
    run_list(due);
  }
}

void TimerWheel::run_list(TimerLink& due) {
  while (due.next != &due) {
    Timer& timer = static_cast<Timer&>(*due.next);
    timer.unlink();
    if (ceil_tick(timer.when_) > tick_) {
      place(timer);
    } else {
      timer.callback_();
    }
  }
}

}  // namespace weir::net
