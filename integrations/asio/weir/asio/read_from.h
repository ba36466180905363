// read_from: what an Asio stream receives, as a flow of chunks.
#pragma once

#include <asio/bind_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/strand.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "weir/streams/demand.h"
#include "weir/streams/flow.h"

namespace weir::asio {

namespace detail {

template <typename Stream>
class ReadSubscription final : public streams::Subscription,
                               public std::enable_shared_from_this<ReadSubscription<Stream>> {
 public:
  ReadSubscription(std::shared_ptr<Stream> stream, size_t chunk,
                   std::shared_ptr<streams::Subscriber<std::string>> down)
      : stream_(std::move(stream)),
        strand_(::asio::make_strand(stream_->get_executor())),
        chunk_(chunk),
        down_(std::move(down)) {}

  void request(uint64_t n) noexcept override {
    ::asio::dispatch(strand_, [self = this->shared_from_this(), n] {
      if (n == 0) return self->fail(streams::illegal_request());
      self->credit_ = streams::saturating_add(self->credit_, n);
      self->read();
    });
  }
  void cancel() noexcept override {
    ::asio::dispatch(strand_, [self = this->shared_from_this()] {
      self->down_.reset();  // §3.13
    });
  }

 private:
  // One read at a time, and none without demand: the kernel's buffer fills, and TCP's own window
  // carries the pressure to the sender.
  void read() {
    if (reading_ || credit_ == 0 || down_ == nullptr) return;
    reading_ = true;
    buffer_.resize(chunk_);
    stream_->async_read_some(
        ::asio::buffer(buffer_),
        ::asio::bind_executor(
            strand_, [self = this->shared_from_this()](std::error_code error, size_t size) {
              self->reading_ = false;
              self->on_read(error, size);
            }));
  }
  void on_read(std::error_code error, size_t size) {
    if (down_ == nullptr) return;
    if (size != 0) {
      --credit_;
      buffer_.resize(size);
      down_->on_next(std::exchange(buffer_, {}));
    }
    if (!error) return read();
    if (down_ == nullptr) return;
    if (error != ::asio::error::eof) return fail(streams::StreamError::of(error));
    std::exchange(down_, nullptr)->on_complete();
  }
  void fail(streams::StreamError error) {
    if (down_ != nullptr) std::exchange(down_, nullptr)->on_error(std::move(error));
  }

  const std::shared_ptr<Stream> stream_;
  ::asio::strand<typename Stream::executor_type> strand_;
  const size_t chunk_;
  std::shared_ptr<streams::Subscriber<std::string>> down_;  // the strand's, as are the next three
  uint64_t credit_ = 0;
  bool reading_ = false;
  std::string buffer_;
};

}  // namespace detail

/// Reads up to `chunk` bytes for each item requested, and nothing that was not. Signals run on a
/// strand of the stream's executor. Completes at the end of the stream; other errors are a
/// StreamError that holds a std::error_code. For one subscriber. A cancel stops reading and leaves
/// the stream open.
template <typename Stream>
streams::Flow<std::string> read_from(std::shared_ptr<Stream> stream, size_t chunk = 16 * 1024) {
  return streams::Flow<std::string>(streams::lift<std::string>(
      [stream = std::move(stream), chunk](std::shared_ptr<streams::Subscriber<std::string>> down) {
        auto& subscriber = *down;
        subscriber.on_subscribe(
            std::make_shared<detail::ReadSubscription<Stream>>(stream, chunk, std::move(down)));
      }));
}

}  // namespace weir::asio
