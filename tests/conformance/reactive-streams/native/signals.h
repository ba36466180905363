// The signals of Reactive Streams across the language border, both ways.
#pragma once

#include <jni.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>

#include "jvm.h"
#include "weir/streams/publisher.h"

namespace weir::tck {

using streams::StreamError;
using streams::Subscriber;
using streams::Subscription;

/// The Throwable that `error` carries, or one made for a fault of the library. A local reference.
jobject to_throwable(const StreamError& error);

/// A Throwable as an opaque payload: the same object comes out at the other end.
StreamError to_error(jobject throwable);

/// A Java subscriber, called from C++.
class JavaSubscriber final : public Subscriber<JavaRef> {
 public:
  explicit JavaSubscriber(JavaRef subscriber) : subscriber_(std::move(subscriber)) {}

  void on_subscribe(std::shared_ptr<Subscription> subscription) noexcept override;
  void on_next(JavaRef item) noexcept override;
  void on_error(StreamError error) noexcept override;
  void on_complete() noexcept override;

 private:
  JavaRef subscriber_;
};

/// A Java subscription, called from C++.
class JavaSubscription final : public Subscription {
 public:
  explicit JavaSubscription(JavaRef subscription) : subscription_(std::move(subscription)) {}

  void request(uint64_t n) noexcept override;
  void cancel() noexcept override;

 private:
  JavaRef subscription_;
};

}  // namespace weir::tck
