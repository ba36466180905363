// for_each: the sink that asks for the next batch when the last one is done.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "weir/streams/flow.h"

namespace weir::streams {

/// Items asked for at a time unless told otherwise; Reactor's and RxJava's defaults are 256 and
/// 128.
inline constexpr uint64_t kBatchDefault = 256;

namespace detail {

struct IgnoreEnd {
  void operator()(const std::optional<StreamError>&) const noexcept {}
};

template <typename F, typename End>
struct ForEachOp {
  F on_item;
  End on_end;
  uint64_t batch;

  template <typename T>
  struct Sink {
    F on_item;
    End on_end;
    uint64_t batch;
    uint64_t left;
    std::shared_ptr<Subscription> up{};

    void on_subscribe(std::shared_ptr<Subscription> subscription) noexcept {
      up = std::move(subscription);
      up->request(batch);
    }
    bool try_next(T item) noexcept {
      on_item(std::move(item));
      if (--left == 0) [[unlikely]] {
        left = batch;
        up->request(batch);
      }
      return true;
    }
    void on_error(StreamError error) noexcept {
      on_end(std::optional<StreamError>(std::move(error)));
    }
    void on_complete() noexcept { on_end(std::optional<StreamError>()); }
    void flush() noexcept {}
  };

  template <typename T>
  Sink<T> sink() && {
    return {std::move(on_item), std::move(on_end), batch, batch};
  }
  template <FlowLike P>
  void operator()(const P& flow) && {
    run_with(flow, std::move(*this).template sink<typename P::Item>());
  }
};

}  // namespace detail

/// Subscribes and calls `on_item` for each item; requests `batch` items, and the same again when
/// they are done, so no more than `batch` are ever on their way. `on_end` gets the error, or
/// nothing after a completion. Neither may throw (§2.13). kUnbounded asks for all at once.
template <typename F, typename End = detail::IgnoreEnd>
auto for_each(F on_item, End on_end = {}, uint64_t batch = kBatchDefault) {
  WEIR_ASSERT(batch > 0);
  return detail::ForEachOp<F, End>{std::move(on_item), std::move(on_end), batch};
}

}  // namespace weir::streams
