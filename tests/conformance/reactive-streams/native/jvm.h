// The JVM as C++ sees it: the calling thread's environment, and references that own what they point
// to.
#pragma once

#include <jni.h>

#include <memory>

namespace weir::tck {

/// This thread's environment. A C++ thread is attached on first use, as a daemon, so that it does
/// not keep the JVM alive, and detached when it ends.
JNIEnv* env() noexcept;

/// A shared global reference: the Java object lives while a copy of this does. Copies may cross
/// threads.
class JavaRef {
 public:
  JavaRef() noexcept = default;
  explicit JavaRef(jobject local);

  jobject get() const noexcept { return object_.get(); }

 private:
  std::shared_ptr<_jobject> object_;
};

/// Deletes a local reference at the end of the scope: a native thread has no frame that would.
class LocalRef {
 public:
  explicit LocalRef(jobject object) noexcept : object_(object) {}
  LocalRef(const LocalRef&) = delete;
  LocalRef& operator=(const LocalRef&) = delete;
  ~LocalRef() { env()->DeleteLocalRef(object_); }
  jobject get() const noexcept { return object_; }

 private:
  jobject object_;
};

/// Classes and methods, looked up once when the library is loaded.
struct Java {
  jclass subscription_class;
  jmethodID subscription_new;
  jmethodID on_subscribe, on_next, on_error, on_complete;
  jmethodID request, cancel;
  jclass long_class;
  jmethodID long_value_of, long_value;
  jclass illegal_argument_class;
  jmethodID illegal_argument_new;
  jclass failure_class;
  jmethodID failure_new;
};
const Java& java() noexcept;

}  // namespace weir::tck
