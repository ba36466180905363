package weir.bench;

import java.util.concurrent.CountDownLatch;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/** Asks for `batch` items, and for the same again when they are done, as for_each in C++ does. */
final class BatchSubscriber implements Subscriber<Integer> {
  private final long batch;
  private final CountDownLatch done = new CountDownLatch(1);
  private long left;
  private Subscription subscription;
  private long checksum;

  BatchSubscriber(long batch) {
    this.batch = batch;
    this.left = batch;
  }

  long await() throws InterruptedException {
    done.await();
    return checksum;
  }

  @Override
  public void onSubscribe(Subscription s) {
    subscription = s;
    s.request(batch);
  }

  @Override
  public void onNext(Integer item) {
    checksum ^= item;
    if (--left == 0) {
      left = batch;
      subscription.request(batch);
    }
  }

  @Override
  public void onError(Throwable error) {
    throw new IllegalStateException(error);
  }

  @Override
  public void onComplete() {
    done.countDown();
  }
}
