// Callback: a member function bound to its object, two words, no allocation.
#pragma once

namespace weir::net {

/// What timers, listeners and tasks call. A plain value; the object must outlive every call.
/// Callback::to<&Server::on_tick>(this) reads as what it does.
class Callback {
 public:
  constexpr Callback() noexcept = default;

  template <auto Method, typename T>
  static constexpr Callback to(T* object) noexcept {
    Callback callback;
    callback.object_ = object;
    callback.call_ = [](void* target) { (static_cast<T*>(target)->*Method)(); };
    return callback;
  }

  explicit constexpr operator bool() const noexcept { return call_ != nullptr; }
  void operator()() const { call_(object_); }

 private:
  void* object_ = nullptr;
  void (*call_)(void*) = nullptr;
};

}  // namespace weir::net
