#include "signals.h"

#include <string>

#include "weir/base/assert.h"

namespace weir::tck {
namespace {

// A subscriber must return normally (§2.13). Some of the TCK's do not, on purpose or when an
// assertion in them fails; the TCK has noted it by then, and native code must not go on with it
// pending.
void clear_exception() noexcept {
  if (env()->ExceptionCheck()) env()->ExceptionClear();
}

}  // namespace

jobject to_throwable(const StreamError& error) {
  if (const auto* passed = error.get_if<JavaRef>()) return env()->NewLocalRef(passed->get());
  const auto* failure = error.get_if<streams::StreamFailure>();
  const std::string text = failure != nullptr ? failure->message : "unknown error";
  const bool illegal = error.is(streams::StreamFault::kIllegalRequest);
  const LocalRef message(env()->NewStringUTF(text.c_str()));
  jvalue argument;
  argument.l = message.get();
  return env()->NewObjectA(illegal ? java().illegal_argument_class : java().failure_class,
                           illegal ? java().illegal_argument_new : java().failure_new, &argument);
}

StreamError to_error(jobject throwable) {
  return StreamError::of(JavaRef(throwable));
}

void JavaSubscriber::on_subscribe(std::shared_ptr<Subscription> subscription) noexcept {
  auto* handle = new std::shared_ptr<Subscription>(std::move(subscription));
  jvalue argument;
  argument.j = reinterpret_cast<jlong>(handle);
  const LocalRef object(
      env()->NewObjectA(java().subscription_class, java().subscription_new, &argument));
  WEIR_ASSERT(object.get() != nullptr);
  argument.l = object.get();
  env()->CallVoidMethodA(subscriber_.get(), java().on_subscribe, &argument);
  clear_exception();
}

void JavaSubscriber::on_next(JavaRef item) noexcept {
  jvalue argument;
  argument.l = item.get();
  env()->CallVoidMethodA(subscriber_.get(), java().on_next, &argument);
  clear_exception();
}

void JavaSubscriber::on_error(StreamError error) noexcept {
  const LocalRef throwable(to_throwable(error));
  jvalue argument;
  argument.l = throwable.get();
  env()->CallVoidMethodA(subscriber_.get(), java().on_error, &argument);
  clear_exception();
}

void JavaSubscriber::on_complete() noexcept {
  env()->CallVoidMethodA(subscriber_.get(), java().on_complete, nullptr);
  clear_exception();
}

void JavaSubscription::request(uint64_t n) noexcept {
  constexpr uint64_t kLongMax = std::numeric_limits<jlong>::max();
  jvalue argument;
  argument.j = static_cast<jlong>(n < kLongMax ? n : kLongMax);
  env()->CallVoidMethodA(subscription_.get(), java().request, &argument);
  clear_exception();
}

void JavaSubscription::cancel() noexcept {
  env()->CallVoidMethodA(subscription_.get(), java().cancel, nullptr);
  clear_exception();
}

}  // namespace weir::tck
