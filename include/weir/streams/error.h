// StreamError: how a stream ends badly. A value that travels downstream unchanged.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

namespace weir::streams {

/// Failures that the library itself raises; everything else is a user's own payload.
enum class StreamFault : uint8_t {
  kIllegalRequest,      ///< request(0), which §3.9 forbids
  kOverflow,            ///< more items than the bound of a buffer, or than was asked for (§1.1)
  kTimeout,             ///< no item within the time allowed
  kRejected,            ///< a policy refused the item and waiting would not help
  kTooManyGroups,       ///< group_by_key met more live keys than its bound
  kTooManySubscribers,  ///< a publisher has as many subscribers as it may have
  kException,           ///< a user's function threw something that has no what()
};

constexpr const char* to_string(StreamFault fault) noexcept {
  switch (fault) {
    case StreamFault::kIllegalRequest: return "illegal_request";
    case StreamFault::kOverflow: return "overflow";
    case StreamFault::kTimeout: return "timeout";
    case StreamFault::kRejected: return "rejected";
    case StreamFault::kTooManyGroups: return "too_many_groups";
    case StreamFault::kTooManySubscribers: return "too_many_subscribers";
    case StreamFault::kException: return "exception";
  }
  return "?";
}

/// The payload of an error that the library raised.
struct StreamFailure {
  StreamFault fault;
  std::string message;  ///< one sentence, with the rule or the bound that was broken
};

/// An opaque, shared, immutable payload. Operators never look inside: the object that a publisher
/// signalled is the object that the last subscriber gets, which the TCK checks with a Throwable.
/// Copies share the payload; safe to copy between threads. Two errors are equal when they are the
/// same payload, not when their contents look alike.
class StreamError {
 public:
  /// No payload: a placeholder, never signalled.
  StreamError() noexcept = default;

  /// Wraps any value. Allocates once.
  template <typename E>
  static StreamError of(E payload) {
    auto box = std::make_shared<Box<E>>(std::move(payload));
    StreamError error;
    error.type_ = &typeid(E);
    error.value_ = std::shared_ptr<const void>(box, &box->value);
    return error;
  }

  static StreamError fault(StreamFault fault, std::string message) {
    return of(StreamFailure{fault, std::move(message)});
  }

  /// The exception being handled, as std::exception_ptr; call it in a catch block only.
  static StreamError current_exception() { return of(std::current_exception()); }

  /// The payload if it has exactly this type, else nullptr.
  template <typename E>
  const E* get_if() const noexcept {
    if (type_ == nullptr || *type_ != typeid(E)) return nullptr;
    return static_cast<const E*>(value_.get());
  }

  /// Whether the library raised it, and for this reason.
  bool is(StreamFault fault) const noexcept {
    const auto* failure = get_if<StreamFailure>();
    return failure != nullptr && failure->fault == fault;
  }

  explicit operator bool() const noexcept { return value_ != nullptr; }
  friend bool operator==(const StreamError& a, const StreamError& b) noexcept {
    return a.value_ == b.value_;
  }

 private:
  template <typename E>
  struct Box {
    explicit Box(E payload) : value(std::move(payload)) {}
    E value;
  };

  std::shared_ptr<const void> value_;
  const std::type_info* type_ = nullptr;
};

/// The error that §3.9 demands of a publisher whose subscriber asks for nothing.
inline StreamError illegal_request() {
  return StreamError::fault(StreamFault::kIllegalRequest,
                            "request(n) needs n > 0 (Reactive Streams 1.0.4, §3.9)");
}

}  // namespace weir::streams
