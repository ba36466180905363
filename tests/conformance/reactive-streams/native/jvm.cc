#include "jvm.h"

#include "weir/base/assert.h"

namespace weir::tck {
namespace {

JavaVM* vm = nullptr;
Java ids{};

struct Attachment {
  JNIEnv* env = nullptr;
  bool ours = false;

  Attachment() noexcept {
    void* found = nullptr;
    if (vm->GetEnv(&found, JNI_VERSION_10) == JNI_EDETACHED) {
      ours = vm->AttachCurrentThreadAsDaemon(&found, nullptr) == JNI_OK;
      WEIR_ASSERT(ours);
    }
    env = static_cast<JNIEnv*>(found);
  }
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;
  ~Attachment() {
    if (ours) vm->DetachCurrentThread();
  }
};

jclass find_class(JNIEnv* e, const char* name) {
  jclass local = e->FindClass(name);
  WEIR_ASSERT(local != nullptr);
  auto* global = static_cast<jclass>(e->NewGlobalRef(local));
  e->DeleteLocalRef(local);
  return global;
}

jmethodID method(JNIEnv* e, jclass of, const char* name, const char* signature) {
  jmethodID id = e->GetMethodID(of, name, signature);
  WEIR_ASSERT(id != nullptr);
  return id;
}

void look_up(JNIEnv* e) {
  ids.subscription_class = find_class(e, "weir/tck/NativeSubscription");
  ids.subscription_new = method(e, ids.subscription_class, "<init>", "(J)V");
  jclass subscriber = find_class(e, "org/reactivestreams/Subscriber");
  ids.on_subscribe = method(e, subscriber, "onSubscribe", "(Lorg/reactivestreams/Subscription;)V");
  ids.on_next = method(e, subscriber, "onNext", "(Ljava/lang/Object;)V");
  ids.on_error = method(e, subscriber, "onError", "(Ljava/lang/Throwable;)V");
  ids.on_complete = method(e, subscriber, "onComplete", "()V");
  jclass subscription = find_class(e, "org/reactivestreams/Subscription");
  ids.request = method(e, subscription, "request", "(J)V");
  ids.cancel = method(e, subscription, "cancel", "()V");
  ids.long_class = find_class(e, "java/lang/Long");
  ids.long_value_of = e->GetStaticMethodID(ids.long_class, "valueOf", "(J)Ljava/lang/Long;");
  ids.long_value = method(e, ids.long_class, "longValue", "()J");
  ids.illegal_argument_class = find_class(e, "java/lang/IllegalArgumentException");
  ids.illegal_argument_new =
      method(e, ids.illegal_argument_class, "<init>", "(Ljava/lang/String;)V");
  ids.failure_class = find_class(e, "java/lang/RuntimeException");
  ids.failure_new = method(e, ids.failure_class, "<init>", "(Ljava/lang/String;)V");
}

}  // namespace

JNIEnv* env() noexcept {
  thread_local Attachment attachment;
  return attachment.env;
}

JavaRef::JavaRef(jobject local)
    : object_(env()->NewGlobalRef(local), [](jobject object) { env()->DeleteGlobalRef(object); }) {}

const Java& java() noexcept {
  return ids;
}

}  // namespace weir::tck

extern "C" JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM* loaded, void*) {
  weir::tck::vm = loaded;
  weir::tck::look_up(weir::tck::env());
  return JNI_VERSION_10;
}
