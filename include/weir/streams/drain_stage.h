// DrainStage: the frame of an operator that keeps items between one upstream and one downstream.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "weir/streams/downstream.h"
#include "weir/streams/drain.h"
#include "weir/streams/ending.h"
#include "weir/streams/publisher.h"
#include "weir/streams/spsc_ring.h"

namespace weir::streams {

/// Whatever happens, on any thread, leads to one function of `Self`, which runs serially and does
/// all there is to do at the moment. Self has
///   void look() noexcept           that function
///   uint64_t first_request()       what to ask the upstream for at the start
///   void on_next(In) noexcept      puts the item where look() finds it, then calls drain()
/// and may shadow start_drain(), to have look() run somewhere else.
template <typename In, typename Out, typename Self>
class DrainStage : public Subscriber<In>,
                   public Subscription,
                   public std::enable_shared_from_this<Self> {
 public:
  explicit DrainStage(std::shared_ptr<Subscriber<Out>> down) noexcept : down_(std::move(down)) {}

  void on_subscribe(std::shared_ptr<Subscription> up) noexcept override {
    if (!accept_once(up_, up)) return;
    const auto keep = this->shared_from_this();
    drain_.enter();  // until on_subscribe has returned, nobody drains (§1.3)
    down_.on_subscribe(keep);
    self().start_drain();
    up->request(self().first_request());
  }
  void on_error(StreamError error) noexcept override { end(std::move(error)); }
  void on_complete() noexcept override { end(StreamError()); }

  void request(uint64_t n) noexcept override {
    if (down_.request(n)) drain();
  }
  void cancel() noexcept override {
    if (!down_.cancel()) return;
    up_->cancel();
    drain();
  }

 protected:
  void end(StreamError error) noexcept {
    if (ending_.end(std::move(error))) drain();
  }
  /// The upstream, or a function on its way, has failed while the upstream goes on.
  void fail(StreamError error) noexcept {
    up_->cancel();
    this->on_error(std::move(error));
  }
  void fail_overflow() noexcept {
    fail(StreamError::fault(StreamFault::kOverflow, "more items than requested (§1.1)"));
  }

  void drain() noexcept {
    if (drain_.enter()) self().start_drain();
  }
  /// After drain_.enter().
  void start_drain() noexcept {
    const auto keep = this->shared_from_this();
    drain_.run_entered([this] { self().look(); });
  }

  /// Once down_.stopped().
  void stop() noexcept {
    down_.stop([this] {
      if (!ending_.done()) up_->cancel();  // §2.3: not from inside its terminal signal
    });
  }

  // Three owners, three places: what every thread writes, what the drain writes, and what hardly
  // anybody does.
  alignas(kCacheLine) Drain drain_;
  alignas(kCacheLine) Downstream<Out> down_;
  alignas(kCacheLine) std::shared_ptr<Subscription> up_;
  Ending ending_;

 private:
  Self& self() noexcept { return static_cast<Self&>(*this); }
};

}  // namespace weir::streams
