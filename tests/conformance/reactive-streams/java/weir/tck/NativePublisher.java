package weir.tck;

import java.lang.ref.Reference;
import java.util.Objects;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;

/** A C++ publisher. */
final class NativePublisher<T> implements Publisher<T> {
  private final long handle;

  NativePublisher(long handle) {
    this.handle = handle;
    Native.freeWith(this, handle, Native::freePublisher);
  }

  @Override
  public void subscribe(Subscriber<? super T> subscriber) {
    Objects.requireNonNull(subscriber, "§1.9");
    Native.subscribe(handle, subscriber);
    Reference.reachabilityFence(this);
  }
}
