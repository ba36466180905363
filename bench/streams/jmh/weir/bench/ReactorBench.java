package weir.bench;

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
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** The pipelines of streams_bench.cc with Reactor. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class ReactorBench {
  static final int ITEMS = 1_000_000;
  static final int INNER = 1000;

  @State(Scope.Benchmark)
  public static class Demand {
    @Param({"1", "256", "unbounded"})
    public String demand;

    long batch() {
      return demand.equals("unbounded") ? Long.MAX_VALUE : Long.parseLong(demand);
    }
  }

  @State(Scope.Benchmark)
  public static class Buffer {
    @Param({"64", "256", "1024"})
    public int buffer;

    final Scheduler first = Schedulers.newSingle("first", true);
    final Scheduler second = Schedulers.newSingle("second", true);

    @TearDown
    public void stop() {
      first.dispose();
      second.dispose();
    }
  }

  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long sync(Demand demand) throws InterruptedException {
    BatchSubscriber sink = new BatchSubscriber(demand.batch());
    Flux.range(0, ITEMS).map(x -> x * 3).filter(x -> (x & 1) == 0).subscribe(sink);
    return sink.await();
  }

  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long async(Buffer buffer) throws InterruptedException {
    BatchSubscriber sink = new BatchSubscriber(Long.MAX_VALUE);
    Flux.range(0, ITEMS)
        .subscribeOn(buffer.first)
        .publishOn(buffer.second, buffer.buffer)
        .subscribe(sink);
    return sink.await();
  }

  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long flatMap() throws InterruptedException {
    BatchSubscriber sink = new BatchSubscriber(256);
    Flux.range(0, ITEMS / INNER).flatMap(x -> Flux.range(x, INNER), 16, 32).subscribe(sink);
    return sink.await();
  }

  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public long groupBy() throws InterruptedException {
    BatchSubscriber sink = new BatchSubscriber(256);
    Flux.range(0, ITEMS).groupBy(x -> x & 63, 256).flatMap(g -> g, 64, 32).subscribe(sink);
    return sink.await();
  }
}
