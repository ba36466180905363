// Generator: a coroutine that yields items, as a publisher.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "weir/streams/flow.h"

namespace weir::streams {

/// The return type of a coroutine that says `co_yield item`. It runs only when an item is pulled.
/// Move-only, one thread at a time. What the coroutine throws is kept for error().
template <typename T>
class Generator {
 public:
  struct promise_type {
    std::optional<T> item;
    std::exception_ptr thrown;

    // Declared, so that the type is no aggregate: else the coroutine's first argument, if it
    // happened to be a T, would initialise `item` (C++20, [dcl.fct.def.coroutine] with paren-init).
    promise_type() noexcept = default;

    Generator get_return_object() noexcept {
      return Generator(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    std::suspend_always yield_value(T value) {
      item.emplace(std::move(value));
      return {};
    }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { thrown = std::current_exception(); }
  };

  Generator(Generator&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Generator& operator=(Generator&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Generator() {
    if (handle_) handle_.destroy();
  }

  /// The next item, or none at the end or after an exception.
  std::optional<T> next() noexcept {
    if (!handle_ || handle_.done()) return std::nullopt;
    handle_.resume();
    return std::exchange(handle_.promise().item, std::nullopt);
  }

  std::exception_ptr thrown() const noexcept {
    return handle_ ? handle_.promise().thrown : nullptr;
  }

 private:
  explicit Generator(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

/// Pulls from a generator that it makes for itself, at the first pull.
template <typename F>
struct GeneratorSource {
  using Coroutine = std::invoke_result_t<F&>;
  using Item = typename decltype(std::declval<Coroutine&>().next())::value_type;

  F make;
  std::optional<Coroutine> coroutine{};

  explicit GeneratorSource(F factory) : make(std::move(factory)) {}
  GeneratorSource(GeneratorSource&&) = default;
  GeneratorSource(const GeneratorSource& other) : make(other.make) {}

  bool done() const noexcept { return false; }
  StreamError error() const noexcept { return StreamError::of(coroutine->thrown()); }
  template <typename Emit>
  Pull pull(Emit&& emit) noexcept {
    if (!coroutine) coroutine.emplace(make());
    auto item = coroutine->next();
    if (!item) return coroutine->thrown() ? Pull::kError : Pull::kEnd;
    emit(std::move(*item));
    return Pull::kItem;
  }
};

/// A flow of what the coroutine yields. `make` returns a fresh Generator<T> for each subscriber.
/// Each request runs the coroutine as far as it takes and no further; a cancel destroys it where it
/// stands, so its destructors run. An exception ends the flow as an error.
template <typename F>
auto from_generator(F make) {
  return Chain<GeneratorSource<F>>(GeneratorSource<F>(std::move(make)));
}

}  // namespace weir::streams
