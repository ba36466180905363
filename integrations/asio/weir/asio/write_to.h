// write_to: a flow of chunks, sent over an Asio stream as fast as that takes them.
#pragma once

#include <asio/bind_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/dispatch.hpp>
#include <asio/strand.hpp>
#include <asio/write.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "weir/streams/flow.h"

namespace weir::asio {

namespace detail {

template <typename Stream, typename End>
class WriteSubscriber final : public streams::Subscriber<std::string>,
                              public std::enable_shared_from_this<WriteSubscriber<Stream, End>> {
 public:
  WriteSubscriber(std::shared_ptr<Stream> stream, End on_end)
      : stream_(std::move(stream)),
        strand_(::asio::make_strand(stream_->get_executor())),
        on_end_(std::move(on_end)) {}

  void on_subscribe(std::shared_ptr<streams::Subscription> up) noexcept override {
    if (streams::accept_once(up_, up)) up->request(1);
  }
  void on_next(std::string chunk) noexcept override {
    ::asio::dispatch(strand_,
                     [self = this->shared_from_this(), chunk = std::move(chunk)]() mutable {
                       self->chunk_ = std::move(chunk);
                       self->writing_ = true;
                       self->write();
                     });
  }
  void on_error(streams::StreamError error) noexcept override { end(std::move(error)); }
  void on_complete() noexcept override { end(std::nullopt); }

 private:
  void write() {
    ::asio::async_write(*stream_, ::asio::buffer(chunk_),
                        ::asio::bind_executor(strand_, [self = this->shared_from_this()](
                                                           std::error_code error, size_t) {
                          self->writing_ = false;
                          self->on_written(error);
                        }));
  }
  void on_written(std::error_code error) {
    if (error && !ended_) {
      up_->cancel();
      finish(streams::StreamError::of(error));
    } else if (ended_) {
      finish(std::move(reason_));
    } else {
      up_->request(1);
    }
  }
  // The upstream may end while the last chunk is being written.
  void end(std::optional<streams::StreamError> reason) {
    ::asio::dispatch(strand_,
                     [self = this->shared_from_this(), reason = std::move(reason)]() mutable {
                       self->ended_ = true;
                       self->reason_ = std::move(reason);
                       if (!self->writing_) self->finish(std::move(self->reason_));
                     });
  }
  void finish(std::optional<streams::StreamError> reason) {
    ended_ = true;
    if (!std::exchange(finished_, true)) on_end_(reason);
  }

  const std::shared_ptr<Stream> stream_;
  ::asio::strand<typename Stream::executor_type> strand_;
  End on_end_;
  std::shared_ptr<streams::Subscription> up_;
  std::string chunk_;  // the strand's, as are the rest
  std::optional<streams::StreamError> reason_;
  bool writing_ = false;
  bool ended_ = false;
  bool finished_ = false;
};

}  // namespace detail

/// A sink: `flow | write_to(stream, on_end)`. Asks for a chunk when the one before it has been
/// handed to the kernel, so a slow peer slows the flow. `on_end` gets the error, or nothing once
/// all has been written. The stream stays open.
template <typename Stream, typename End>
auto write_to(std::shared_ptr<Stream> stream, End on_end) {
  return [stream = std::move(stream), on_end = std::move(on_end)]<streams::FlowLike P>(P flow) {
    flow.subscribe(std::make_shared<detail::WriteSubscriber<Stream, End>>(stream, on_end));
  };
}

}  // namespace weir::asio
