package weir.bench;

import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Scheduler;
import io.reactivex.rxjava3.schedulers.Schedulers;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The pipelines of streams_bench.cc with RxJava. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class RxJavaBench {
  static final int ITEMS = ReactorBench.ITEMS;
  static final int INNER = ReactorBench.INNER;

  @State(Scope.Benchmark)
  public static class Buffer {
    @Param({"64", "256", "1024"})
    public int buffer;

    private final ExecutorService firstThread = Executors.newSingleThreadExecutor();
    private final ExecutorService secondThread = Executors.newSingleThreadExecutor();
    final Scheduler first = Schedulers.from(firstThread);
    final Scheduler second = Schedulers.from(secondThread);

    @TearDown
    public void stop() {
      firstThread.shutdownNow();
      secondThread.shutdownNow();
    }
  }

  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long sync(ReactorBench.Demand demand) throws InterruptedException {
    BatchSubscriber sink = new BatchSubscriber(demand.batch());
    Flowable.range(0, ITEMS).map(x -> x * 3).filter(x -> (x & 1) == 0).subscribe(sink);
    return sink.await();
  }

  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long async(Buffer buffer) throws InterruptedException {
    BatchSubscriber sink = new BatchSubscriber(Long.MAX_VALUE);
    Flowable.range(0, ITEMS)
        .subscribeOn(buffer.first)
        .observeOn(buffer.second, false, buffer.buffer)
        .subscribe(sink);
    return sink.await();
  }

  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long flatMap() throws InterruptedException {
    BatchSubscriber sink = new BatchSubscriber(256);
    Flowable.range(0, ITEMS / INNER)
        .flatMap(x -> Flowable.range(x, INNER), false, 16, 32)
        .subscribe(sink);
    return sink.await();
  }

  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long groupBy() throws InterruptedException {
    BatchSubscriber sink = new BatchSubscriber(256);
    Flowable.range(0, ITEMS)
        .groupBy(x -> x & 63, x -> x, false, 256)
        .flatMap(g -> g, false, 64, 32)
        .subscribe(sink);
    return sink.await();
  }
}
