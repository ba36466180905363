package weir.tck;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.reactivestreams.Processor;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import org.reactivestreams.tck.IdentityProcessorVerification;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.SubscriberBlackboxVerification;
import org.reactivestreams.tck.SubscriberWhiteboxVerification;
import org.reactivestreams.tck.SubscriberWhiteboxVerification.SubscriberPuppet;
import org.reactivestreams.tck.SubscriberWhiteboxVerification.WhiteboxSubscriberProbe;
import org.reactivestreams.tck.TestEnvironment;
import org.testng.ITest;

/** The four classes of the TCK, each for a kind of C++ object that its subclass is told by name. */
public final class Verifications {
  private Verifications() {}

  private static TestEnvironment environment() {
    return new TestEnvironment(
        TestEnvironment.envDefaultTimeoutMillis(),
        TestEnvironment.envDefaultNoSignalsTimeoutMillis(),
        TestEnvironment.envDefaultPollTimeoutMillis(),
        false);
  }

  private static final long GC_TIMEOUT_MILLIS = 1000;

  private static final RuntimeException FAILURE = new RuntimeException("failed from the start");

  /** Elements are the Longs 0, 1, 2, ... */
  public static final class PublisherTck extends PublisherVerification<Long>
      implements ITest {
    private final String kind;

    PublisherTck(String kind) {
      super(environment(), GC_TIMEOUT_MILLIS);
      this.kind = kind;
    }

    @Override
    public String getTestName() {
      return "publisher " + kind;
    }

    @Override
    public Publisher<Long> createPublisher(long elements) {
      return new NativePublisher<>(Native.publisher(kind, elements));
    }

    @Override
    public Publisher<Long> createFailedPublisher() {
      return new NativePublisher<>(Native.failedPublisher(kind, FAILURE));
    }
  }

  /** A sink of this library that asks for its items by itself. */
  public static final class BlackboxTck extends SubscriberBlackboxVerification<Long>
      implements ITest {
    private final String kind;

    BlackboxTck(String kind) {
      super(environment());
      this.kind = kind;
    }

    @Override
    public String getTestName() {
      return "subscriber " + kind;
    }

    @Override
    public Subscriber<Long> createSubscriber() {
      return new NativeSubscriber<>(Native.subscriber(kind, null));
    }

    @Override
    public Long createElement(int element) {
      return (long) element;
    }
  }

  /** An operator of this library; the TCK pulls at its far end through a puppet. */
  public static final class WhiteboxTck extends SubscriberWhiteboxVerification<Long>
      implements ITest {
    private final String kind;

    WhiteboxTck(String kind) {
      super(environment());
      this.kind = kind;
    }

    @Override
    public String getTestName() {
      return "operator " + kind;
    }

    @Override
    public Subscriber<Long> createSubscriber(WhiteboxSubscriberProbe<Long> probe) {
      return new NativeSubscriber<>(Native.subscriber(kind, new ProbeSubscriber(probe)));
    }

    @Override
    public Long createElement(int element) {
      return (long) element;
    }
  }

  private record ProbeSubscriber(WhiteboxSubscriberProbe<Long> probe) implements Subscriber<Long> {
    @Override
    public void onSubscribe(Subscription subscription) {
      probe.registerOnSubscribe(
          new SubscriberPuppet() {
            @Override
            public void triggerRequest(long n) {
              subscription.request(n);
            }

            @Override
            public void signalCancel() {
              subscription.cancel();
            }
          });
    }

    @Override
    public void onNext(Long item) {
      probe.registerOnNext(item);
    }

    @Override
    public void onError(Throwable error) {
      probe.registerOnError(error);
    }

    @Override
    public void onComplete() {
      probe.registerOnComplete();
    }
  }

  /** A processor; elements are opaque Java objects that pass through C++. */
  public static final class ProcessorTck extends IdentityProcessorVerification<Long>
      implements ITest {
    private final String kind;
    private final ExecutorService executor =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread = new Thread(task, "tck");
              thread.setDaemon(true);
              return thread;
            });

    ProcessorTck(String kind) {
      super(environment(), GC_TIMEOUT_MILLIS);
      this.kind = kind;
    }

    @Override
    public String getTestName() {
      return "processor " + kind;
    }

    @Override
    public Processor<Long, Long> createIdentityProcessor(int bufferSize) {
      return NativeProcessor.of(kind, bufferSize);
    }

    @Override
    public Publisher<Long> createFailedPublisher() {
      return new NativePublisher<>(Native.failedPublisher("range", FAILURE));
    }

    @Override
    public ExecutorService publisherExecutorService() {
      return executor;
    }

    @Override
    public Long createElement(int element) {
      return (long) element;
    }
  }
}
