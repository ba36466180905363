package weir.tck;

import java.lang.ref.Cleaner;
import java.util.function.LongConsumer;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/** The C++ side. A long is a handle to a shared pointer; see native/natives.cc. */
final class Native {
  static {
    System.load(System.getProperty("weir.tck.library"));
  }

  private static final Cleaner CLEANER = Cleaner.create();

  private Native() {}

  /** Frees a handle once its owner is unreachable. */
  static void freeWith(Object owner, long handle, LongConsumer free) {
    CLEANER.register(owner, () -> free.accept(handle));
  }

  static native long publisher(String kind, long elements);

  static native long failedPublisher(String kind, Throwable error);

  static native void subscribe(long publisher, Subscriber<?> subscriber);

  static native void freePublisher(long handle);

  static native void request(long subscription, long n);

  static native void cancel(long subscription);

  static native void freeSubscription(long handle);

  static native long subscriber(String kind, Subscriber<?> probe);

  static native void onSubscribe(long subscriber, Subscription subscription);

  static native void onNext(long subscriber, Object item);

  static native void onError(long subscriber, Throwable error);

  static native void onComplete(long subscriber);

  static native void freeSubscriber(long handle);

  /** Two handles: the subscriber that takes items in, the publisher that gives them out. */
  static native long[] processor(String kind, int buffer);
}
