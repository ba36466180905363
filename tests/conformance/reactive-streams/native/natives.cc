// The native methods of weir.tck.Native. A handle is a heap-allocated shared_ptr; Java frees it
// when the object that holds it has become unreachable.
#include <jni.h>

#include <memory>
#include <string>

#include "jvm.h"
#include "pipelines.h"
#include "signals.h"

namespace weir::tck {
namespace {

template <typename T>
jlong to_handle(std::shared_ptr<T> pointer) {
  return reinterpret_cast<jlong>(new std::shared_ptr<T>(std::move(pointer)));
}
template <typename T>
std::shared_ptr<T>& from_handle(jlong handle) {
  return *reinterpret_cast<std::shared_ptr<T>*>(handle);
}
template <typename T>
void free_handle(jlong handle) {
  delete reinterpret_cast<std::shared_ptr<T>*>(handle);
}

std::string text(JNIEnv* e, jstring string) {
  const char* chars = e->GetStringUTFChars(string, nullptr);
  std::string copy(chars);
  e->ReleaseStringUTFChars(string, chars);
  return copy;
}

}  // namespace

#define WEIR_NATIVE(type, name) extern "C" JNIEXPORT type JNICALL Java_weir_tck_Native_##name

WEIR_NATIVE(jlong, publisher)(JNIEnv* e, jclass, jstring kind, jlong elements) {
  return to_handle(make_publisher(text(e, kind), elements));
}
WEIR_NATIVE(jlong, failedPublisher)(JNIEnv* e, jclass, jstring kind, jobject throwable) {
  return to_handle(make_failed_publisher(text(e, kind), to_error(throwable)));
}
WEIR_NATIVE(void, subscribe)(JNIEnv*, jclass, jlong publisher, jobject subscriber) {
  from_handle<ItemPublisher>(publisher)->subscribe(
      std::make_shared<JavaSubscriber>(JavaRef(subscriber)));
}
WEIR_NATIVE(void, freePublisher)(JNIEnv*, jclass, jlong handle) {
  free_handle<ItemPublisher>(handle);
}

WEIR_NATIVE(void, request)(JNIEnv*, jclass, jlong handle, jlong n) {
  // request takes an unsigned number: whatever §3.9 forbids in Java arrives as its one forbidden
  // value.
  from_handle<Subscription>(handle)->request(n > 0 ? static_cast<uint64_t>(n) : 0);
}
WEIR_NATIVE(void, cancel)(JNIEnv*, jclass, jlong handle) {
  from_handle<Subscription>(handle)->cancel();
}
WEIR_NATIVE(void, freeSubscription)(JNIEnv*, jclass, jlong handle) {
  free_handle<Subscription>(handle);
}

WEIR_NATIVE(jlong, subscriber)(JNIEnv* e, jclass, jstring kind, jobject probe) {
  return to_handle(make_subscriber(text(e, kind), probe == nullptr ? JavaRef() : JavaRef(probe)));
}
WEIR_NATIVE(void, onSubscribe)(JNIEnv*, jclass, jlong handle, jobject subscription) {
  from_handle<ItemSubscriber>(handle)->on_subscribe(
      std::make_shared<JavaSubscription>(JavaRef(subscription)));
}
WEIR_NATIVE(void, onNext)(JNIEnv*, jclass, jlong handle, jobject item) {
  from_handle<ItemSubscriber>(handle)->on_next(JavaRef(item));
}
WEIR_NATIVE(void, onError)(JNIEnv*, jclass, jlong handle, jobject throwable) {
  from_handle<ItemSubscriber>(handle)->on_error(to_error(throwable));
}
WEIR_NATIVE(void, onComplete)(JNIEnv*, jclass, jlong handle) {
  from_handle<ItemSubscriber>(handle)->on_complete();
}
WEIR_NATIVE(void, freeSubscriber)(JNIEnv*, jclass, jlong handle) {
  free_handle<ItemSubscriber>(handle);
}

WEIR_NATIVE(jlongArray, processor)(JNIEnv* e, jclass, jstring kind, jint buffer) {
  const ProcessorEnds ends = make_processor(text(e, kind), static_cast<uint64_t>(buffer));
  const jlong handles[] = {to_handle(ends.in), to_handle(ends.out)};
  jlongArray array = e->NewLongArray(2);
  e->SetLongArrayRegion(array, 0, 2, handles);
  return array;
}

}  // namespace weir::tck
