package weir.tck;

import java.lang.ref.Reference;
import org.reactivestreams.Subscription;

/** A C++ subscription; made by native/signals.cc. */
final class NativeSubscription implements Subscription {
  private final long handle;

  NativeSubscription(long handle) {
    this.handle = handle;
    Native.freeWith(this, handle, Native::freeSubscription);
  }

  @Override
  public void request(long n) {
    Native.request(handle, n);
    Reference.reachabilityFence(this);
  }

  @Override
  public void cancel() {
    Native.cancel(handle);
    Reference.reachabilityFence(this);
  }
}
