// Sources that pull: range, values, a function; and the degenerate flows that tests and defaults
// need.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/streams/flow.h"

namespace weir::streams {

/// Counts from `next` up to, not including, `end`.
template <std::integral T>
struct RangeSource {
  using Item = T;
  T next;
  T end;

  bool done() const noexcept { return next >= end; }
  template <typename Emit>
  Pull pull(Emit&& emit) noexcept {
    emit(next++);
    return Pull::kItem;
  }
};

/// The integers of [begin, end).
template <std::integral T>
auto range(T begin, std::type_identity_t<T> end) {
  return Chain<RangeSource<T>>(RangeSource<T>{begin, end});
}

/// The items of a shared, constant vector.
template <typename T>
struct ValuesSource {
  using Item = T;
  std::shared_ptr<const std::vector<T>> values;
  size_t next = 0;

  bool done() const noexcept { return next >= values->size(); }
  template <typename Emit>
  Pull pull(Emit&& emit) noexcept {
    emit(T((*values)[next++]));
    return Pull::kItem;
  }
};

/// Each item of `values`, to every subscriber.
template <typename T>
auto from(std::vector<T> values) {
  return Chain<ValuesSource<T>>(
      ValuesSource<T>{std::make_shared<const std::vector<T>>(std::move(values))});
}

template <typename T>
auto just(T value) {
  return from(std::vector<T>{std::move(value)});
}

/// No item; completes at once, without a request (§1.5).
template <typename T>
auto empty() {
  return from(std::vector<T>{});
}

/// Calls a function for each item until it returns none. Each subscriber calls a copy of it.
template <typename F>
struct FunctionSource {
  using Item = typename std::invoke_result_t<F&>::value_type;
  F fn;
  StreamError thrown{};

  bool done() const noexcept { return false; }
  const StreamError& error() const noexcept { return thrown; }
  template <typename Emit>
  Pull pull(Emit&& emit) noexcept {
    auto item = next();
    if (!item) return thrown ? Pull::kError : Pull::kEnd;
    emit(std::move(*item));
    return Pull::kItem;
  }

 private:
  std::invoke_result_t<F&> next() noexcept {
    try {
      return fn();
    } catch (...) {
      thrown = StreamError::current_exception();
      return std::nullopt;
    }
  }
};

/// `fn` returns std::optional<T>: the next item, or std::nullopt at the end. What it throws ends
/// the flow as an error.
template <typename F>
auto generate(F fn) {
  return Chain<FunctionSource<F>>(FunctionSource<F>{std::move(fn)});
}

/// Nothing but an error (§1.4).
template <typename T>
struct ErrorSource {
  using Item = T;
  StreamError reason;
  void subscribe(std::shared_ptr<Subscriber<T>> subscriber) const {
    subscriber->on_subscribe(std::make_shared<EmptySubscription>());
    subscriber->on_error(reason);
  }
};
template <typename T>
ErrorSource<T> fail(StreamError reason) {
  return {std::move(reason)};
}

/// Neither items nor an end.
template <typename T>
struct NeverSource {
  using Item = T;
  void subscribe(std::shared_ptr<Subscriber<T>> subscriber) const {
    subscriber->on_subscribe(std::make_shared<EmptySubscription>());
  }
};
template <typename T>
NeverSource<T> never() {
  return {};
}

}  // namespace weir::streams
