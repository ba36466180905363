// IoScheduler: streams on an Asio event loop.
#pragma once

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "weir/streams/scheduler.h"

namespace weir::asio {

/// Each worker is a strand of the context, so its tasks are serial however many threads run it. The
/// context must outlive the scheduler, and both the subscriptions that use them. Thread-safe.
class IoScheduler final : public streams::TimedScheduler {
 public:
  explicit IoScheduler(::asio::io_context& context) : context_(context) {}

  std::shared_ptr<streams::Worker> worker() override {
    return std::make_shared<StrandWorker>(context_);
  }

  Instant now() const noexcept override {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return Instant(std::chrono::duration_cast<Duration>(since));
  }

  void post_at(Instant when, std::shared_ptr<streams::TimerTask> task) noexcept override {
    task->when = when;
    auto timer = std::make_shared<::asio::steady_timer>(
        context_, std::chrono::steady_clock::time_point(when.time_since_epoch()));
    ::asio::steady_timer& waiting = *timer;
    waiting.async_wait([timer = std::move(timer), task = std::move(task)](std::error_code stopped) {
      if (!stopped) task->run();
    });
  }

 private:
  class StrandWorker final : public streams::Worker {
   public:
    explicit StrandWorker(::asio::io_context& context) : strand_(context.get_executor()) {}
    void post(std::shared_ptr<streams::Task> task) noexcept override {
      ::asio::post(strand_, [task = std::move(task)] { task->run(); });
    }

   private:
    ::asio::strand<::asio::io_context::executor_type> strand_;
  };

  ::asio::io_context& context_;
};

}  // namespace weir::asio
