// Asio channels as ends of a flow.
#pragma once

#include <asio/bind_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/experimental/channel_error.hpp>
#include <asio/experimental/concurrent_channel.hpp>
#include <asio/strand.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "weir/streams/demand.h"
#include "weir/streams/flow.h"

namespace weir::asio {

/// A channel whose messages are an error and an item, as Asio wants it.
template <typename T>
using Channel = ::asio::experimental::concurrent_channel<void(std::error_code, T)>;

namespace detail {

template <typename T>
class ChannelSubscription final : public streams::Subscription,
                                  public std::enable_shared_from_this<ChannelSubscription<T>> {
 public:
  ChannelSubscription(std::shared_ptr<Channel<T>> channel,
                      std::shared_ptr<streams::Subscriber<T>> down)
      : channel_(std::move(channel)),
        strand_(::asio::make_strand(channel_->get_executor())),
        down_(std::move(down)) {}

  void request(uint64_t n) noexcept override {
    ::asio::dispatch(strand_, [self = this->shared_from_this(), n] {
      if (n == 0) return self->finish(streams::illegal_request());
      self->credit_ = streams::saturating_add(self->credit_, n);
      self->receive();
    });
  }
  void cancel() noexcept override {
    ::asio::dispatch(strand_, [self = this->shared_from_this()] { self->down_.reset(); });
  }

 private:
  void receive() {
    if (receiving_ || credit_ == 0 || down_ == nullptr) return;
    receiving_ = true;
    channel_->async_receive(::asio::bind_executor(
        strand_, [self = this->shared_from_this()](std::error_code error, T item) {
          self->receiving_ = false;
          self->on_received(error, std::move(item));
        }));
  }
  void on_received(std::error_code error, T item) {
    if (down_ == nullptr) return;
    if (error == ::asio::experimental::error::channel_closed) return finish({});
    if (error) return finish(streams::StreamError::of(error));
    --credit_;
    down_->on_next(std::move(item));
    receive();
  }
  void finish(streams::StreamError error) {
    if (down_ == nullptr) return;
    const auto down = std::move(down_);
    error ? down->on_error(std::move(error)) : down->on_complete();
  }

  const std::shared_ptr<Channel<T>> channel_;
  ::asio::strand<typename Channel<T>::executor_type> strand_;
  std::shared_ptr<streams::Subscriber<T>> down_;  // the strand's, as are the next two
  uint64_t credit_ = 0;
  bool receiving_ = false;
};

template <typename T>
class ChannelSubscriber final : public streams::Subscriber<T>,
                                public std::enable_shared_from_this<ChannelSubscriber<T>> {
 public:
  explicit ChannelSubscriber(std::shared_ptr<Channel<T>> channel)
      : channel_(std::move(channel)), strand_(::asio::make_strand(channel_->get_executor())) {}

  void on_subscribe(std::shared_ptr<streams::Subscription> up) noexcept override {
    if (streams::accept_once(up_, up)) up->request(1);
  }
  void on_next(T item) noexcept override {
    ::asio::dispatch(strand_, [self = this->shared_from_this(), item = std::move(item)]() mutable {
      self->sending_ = true;
      self->channel_->async_send(
          std::error_code(), std::move(item),
          ::asio::bind_executor(self->strand_,
                                [self](std::error_code closed) { self->on_sent(closed); }));
    });
  }
  void on_error(streams::StreamError error) noexcept override {
    const auto* code = error.get_if<std::error_code>();
    end(code != nullptr ? *code : std::make_error_code(std::errc::io_error));
  }
  void on_complete() noexcept override { end(::asio::experimental::error::channel_closed); }

 private:
  void on_sent(std::error_code closed) {
    sending_ = false;
    if (end_) {
      send_end();
    } else if (closed) {
      up_->cancel();
    } else {
      up_->request(1);
    }
  }
  // The upstream may end while its last item is still waiting for room.
  void end(std::error_code reason) {
    ::asio::dispatch(strand_, [self = this->shared_from_this(), reason] {
      self->end_ = reason;
      if (!self->sending_) self->send_end();
    });
  }
  void send_end() {
    channel_->async_send(*end_, T(), [channel = channel_](std::error_code) { channel->close(); });
  }

  const std::shared_ptr<Channel<T>> channel_;
  ::asio::strand<typename Channel<T>::executor_type> strand_;
  std::shared_ptr<streams::Subscription> up_;
  bool sending_ = false;  // the strand's, as is the next
  std::optional<std::error_code> end_;
};

}  // namespace detail

/// A flow of what the channel delivers, one receive for each item requested. A closed channel
/// completes it. For one subscriber, whose signals run on a strand of the channel's executor.
template <typename T>
streams::Flow<T> from_channel(std::shared_ptr<Channel<T>> channel) {
  return streams::Flow<T>(streams::lift<T>(
      [channel = std::move(channel)](std::shared_ptr<streams::Subscriber<T>> down) {
        auto& subscriber = *down;
        subscriber.on_subscribe(
            std::make_shared<detail::ChannelSubscription<T>>(channel, std::move(down)));
      }));
}

/// A sink that sends each item into the channel, and asks for the next when there is room for it.
/// The end travels behind the last item; an error that is not a std::error_code arrives as EIO. T
/// is default-constructible, as a message of an end has an item too.
template <typename T>
auto into_channel(std::shared_ptr<Channel<T>> channel) {
  return [channel = std::move(channel)]<streams::FlowLike P>(P flow) {
    flow.subscribe(std::make_shared<detail::ChannelSubscriber<T>>(channel));
  };
}

}  // namespace weir::asio
