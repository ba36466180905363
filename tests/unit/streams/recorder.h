// A subscriber that writes down everything it is told, and asks only when the test says so.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "weir/streams/flow.h"

namespace weir::streams {

template <typename T>
class Recorder final : public Subscriber<T> {
 public:
  explicit Recorder(uint64_t initial = 0) : initial_(initial) {}

  void on_subscribe(std::shared_ptr<Subscription> subscription) noexcept override {
    ++subscriptions;
    if (!accept_once(up, subscription)) return;
    if (initial_ != 0) up->request(initial_);
  }
  void on_next(T item) noexcept override {
    nested |= inside_;
    inside_ = true;
    after_end |= ended();
    items.push_back(std::move(item));
    if (on_item) on_item(items.back());
    inside_ = false;
  }
  void on_error(StreamError reason) noexcept override {
    after_end |= ended();
    nested |= inside_;
    error = std::move(reason);
  }
  void on_complete() noexcept override {
    after_end |= ended();
    nested |= inside_;
    completed = true;
  }

  bool ended() const { return completed || error; }

  std::shared_ptr<Subscription> up;
  std::vector<T> items;
  StreamError error;
  bool completed = false;
  bool after_end = false;  ///< a signal came after a terminal one
  bool nested = false;     ///< a signal came inside another one
  int subscriptions = 0;
  std::function<void(const T&)> on_item;

 private:
  uint64_t initial_;
  bool inside_ = false;
};

/// Subscribes a recorder to `flow`; `initial` is requested at once. The last copy of what it
/// returns cancels: an open subscription and its subscriber hold each other, and would outlive the
/// test.
template <FlowLike P>
auto record(const P& flow, uint64_t initial = kUnbounded) {
  using Kind = Recorder<typename P::Item>;
  auto recorder = std::make_shared<Kind>(initial);
  flow.subscribe(recorder);
  return std::shared_ptr<Kind>(recorder.get(), [recorder](Kind* self) {
    if (const auto up = std::move(self->up)) up->cancel();
  });
}

/// The same without the cancel, for tests that watch who still holds the recorder.
template <FlowLike P>
auto record_only(const P& flow, uint64_t initial = kUnbounded) {
  auto recorder = std::make_shared<Recorder<typename P::Item>>(initial);
  flow.subscribe(recorder);
  return recorder;
}

}  // namespace weir::streams
