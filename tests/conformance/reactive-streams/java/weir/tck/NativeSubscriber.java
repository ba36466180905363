package weir.tck;

import java.lang.ref.Reference;
import java.util.Objects;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/** A C++ subscriber. The language's own null is refused here, before it could cross the border. */
class NativeSubscriber<T> implements Subscriber<T> {
  private final long handle;

  NativeSubscriber(long handle) {
    this.handle = handle;
    Native.freeWith(this, handle, Native::freeSubscriber);
  }

  @Override
  public void onSubscribe(Subscription subscription) {
    Objects.requireNonNull(subscription, "§2.13");
    Native.onSubscribe(handle, subscription);
    Reference.reachabilityFence(this);
  }

  @Override
  public void onNext(T item) {
    Objects.requireNonNull(item, "§2.13");
    Native.onNext(handle, item);
    Reference.reachabilityFence(this);
  }

  @Override
  public void onError(Throwable error) {
    Objects.requireNonNull(error, "§2.13");
    Native.onError(handle, error);
    Reference.reachabilityFence(this);
  }

  @Override
  public void onComplete() {
    Native.onComplete(handle);
    Reference.reachabilityFence(this);
  }
}
