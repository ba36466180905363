// A publisher that the test plays: it signals what the test says, and remembers what it was asked.
#pragma once

#include <memory>
#include <utility>

#include "weir/streams/flow.h"

namespace weir::streams {

template <typename T>
class Probe {
 public:
  Probe() = default;
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  ~Probe() { forget(); }

  Flow<T> flow() const { return Flow<T>(std::static_pointer_cast<Publisher<T>>(state_)); }

  void next(T item) { state_->subscriber->on_next(std::move(item)); }
  void error(StreamError reason) { std::exchange(state_->subscriber, nullptr)->on_error(reason); }
  void complete() { std::exchange(state_->subscriber, nullptr)->on_complete(); }

  uint64_t requested() const { return state_->demand; }
  bool cancelled() const { return state_->cancelled; }
  int subscriptions() const { return state_->subscriptions; }
  /// The subscriber is gone once nobody but the caller holds it.
  std::weak_ptr<Subscriber<T>> subscriber() const { return state_->subscriber; }
  void forget() { state_->subscriber.reset(); }

 private:
  struct State final : Publisher<T>, Subscription, std::enable_shared_from_this<State> {
    void subscribe(std::shared_ptr<Subscriber<T>> s) override {
      ++subscriptions;
      cancelled = false;
      demand = 0;
      subscriber = s;
      s->on_subscribe(this->shared_from_this());
    }
    void request(uint64_t n) noexcept override {
      const uint64_t sum = demand + n;
      demand = sum < demand ? kUnbounded : sum;
    }
    void cancel() noexcept override { cancelled = true; }

    std::shared_ptr<Subscriber<T>> subscriber;
    uint64_t demand = 0;
    bool cancelled = false;
    int subscriptions = 0;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace weir::streams
