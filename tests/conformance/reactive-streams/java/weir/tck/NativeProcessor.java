package weir.tck;

import org.reactivestreams.Processor;
import org.reactivestreams.Subscriber;

/** A C++ processor: a subscriber and a publisher that share what is between them. */
final class NativeProcessor<T> extends NativeSubscriber<T> implements Processor<T, T> {
  private final NativePublisher<T> out;

  private NativeProcessor(long[] handles) {
    super(handles[0]);
    this.out = new NativePublisher<>(handles[1]);
  }

  static <T> NativeProcessor<T> of(String kind, int buffer) {
    return new NativeProcessor<>(Native.processor(kind, buffer));
  }

  @Override
  public void subscribe(Subscriber<? super T> subscriber) {
    out.subscribe(subscriber);
  }
}
