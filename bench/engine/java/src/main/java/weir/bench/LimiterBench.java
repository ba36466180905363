package weir.bench;

import com.netflix.concurrency.limits.Limiter;
import com.netflix.concurrency.limits.limit.FixedLimit;
import com.netflix.concurrency.limits.limit.Gradient2Limit;
import com.netflix.concurrency.limits.limit.WindowedLimit;
import com.netflix.concurrency.limits.limiter.SimpleLimiter;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * Netflix concurrency-limits: acquire and onSuccess of one SimpleLimiter. It has no breaker and no
 * bulkhead before the limiter, so this is less work than weir's stack of four.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LimiterBench {
  private final Limiter<Void> fixed =
      SimpleLimiter.newBuilder().limit(FixedLimit.of(100)).build();
  private final Limiter<Void> gradient =
      SimpleLimiter.newBuilder()
          .limit(
              WindowedLimit.newBuilder().build(Gradient2Limit.newBuilder().minLimit(100).build()))
          .build();

  @Benchmark
  public boolean fixed() {
    return acquireAndEnd(fixed);
  }

  @Benchmark
  public boolean gradient2() {
    return acquireAndEnd(gradient);
  }

  private static boolean acquireAndEnd(Limiter<Void> limiter) {
    Optional<Limiter.Listener> listener = limiter.acquire(null);
    listener.ifPresent(Limiter.Listener::onSuccess);
    return listener.isPresent();
  }
}
